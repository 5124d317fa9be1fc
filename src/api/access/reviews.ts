import type { ApiAnswer, ApiRequest } from '../contracts.ts';
import { ApiError } from '../status.ts';
import { allows, ROLE_RULES, type RoleRules, type Wish } from './authorize.ts';
import { readReview, REVIEW_BYTES, type ReviewQuestion } from './review-body.ts';

interface Review {
  readonly apiVersion: string;
  readonly kind: string;
  /** What is said; @throws ApiError when the question makes no sense. */
  readonly answer: (question: ReviewQuestion, request: ApiRequest) => ReviewAnswer;
}

interface ReviewAnswer {
  readonly spec?: object;
  readonly status: object;
}

const REVIEWS: Readonly<Record<string, Review>> = {
  '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews': {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    answer: answerAccess,
  },
  '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews': {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    answer: answerRules,
  },
  '/apis/authentication.k8s.io/v1/selfsubjectreviews': {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'SelfSubjectReview',
    answer: (_, { user }) => ({
      status: { userInfo: { username: user.name, groups: user.groups } },
    }),
  },
};

/**
 * Answers the POST of a self-review: who is the caller, and what may the caller do. Nothing is kept.
 *
 * @throws ApiError `NotFound`, `BadRequest`, `RequestEntityTooLarge`, `UnsupportedMediaType`, `Invalid`
 */
export async function answerReview(request: ApiRequest): Promise<ApiAnswer> {
  const review = REVIEWS[request.path.replace(/\/$/, '')];
  if (review === undefined) {
    throw new ApiError('NotFound', 'the server could not find the requested resource');
  }
  const { apiVersion, kind } = review;
  const question = readReview(request.headers['content-type'], await request.body(REVIEW_BYTES));
  if (question.kind !== kind || question.apiVersion !== apiVersion) {
    throw new ApiError('BadRequest', `the body of the request is no ${kind} of ${apiVersion}`);
  }
  const body = { kind, apiVersion, metadata: {}, ...review.answer(question, request) };
  return { status: 201, body: JSON.stringify(body) };
}

function answerAccess(question: ReviewQuestion, { user }: ApiRequest): ReviewAnswer {
  const { resource, nonResource } = question;
  if ((resource === undefined) === (nonResource === undefined)) {
    throw new ApiError(
      'Invalid',
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      { causes: [] },
    );
  }
  const allowed = allows(ROLE_RULES[user.role], wishOf(question));
  return {
    spec: {
      ...(resource === undefined ? {} : { resourceAttributes: withoutEmpty(resource) }),
      ...(nonResource === undefined ? {} : { nonResourceAttributes: withoutEmpty(nonResource) }),
    },
    status: {
      allowed,
      reason: `the role ${user.role} ${allowed ? 'allows it' : 'does not allow it'}`,
    },
  };
}

function wishOf({ resource, nonResource }: ReviewQuestion): Wish {
  if (resource === undefined)
    return { verb: nonResource?.verb ?? '', path: nonResource?.path ?? '' };
  const { verb, group, resource: plural, subresource } = resource;
  return { verb, group, resource: subresource === '' ? plural : `${plural}/${subresource}` };
}

function answerRules({ namespace }: ReviewQuestion, { user }: ApiRequest): ReviewAnswer {
  const { resources, paths }: RoleRules = ROLE_RULES[user.role];
  return {
    spec: { namespace },
    status: { resourceRules: resources, nonResourceRules: paths, incomplete: false },
  };
}

function withoutEmpty(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}
