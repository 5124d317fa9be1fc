/** What pages say when something is not as it should be: what it is, and what helps. */
export interface Saying {
  readonly problem: string;
  readonly advice: string;
}

/** What the pages say. */
export const SAYINGS = {
  wrong: {
    problem: 'That user name and password, or key and secret, are not right.',
    advice: '',
  },
  service: {
    problem: 'This key belongs to a service account, and those cannot sign in here.',
    advice:
      'Use your own user name and password, or a key that you made in the settings of ClearML.',
  },
  guest: {
    problem: 'Guests cannot sign in here.',
    advice: 'Use an account of your own.',
  },
  unavailable: {
    problem: 'ClearML cannot be asked just now, so nobody can sign in.',
    advice: 'Try again in a moment.',
  },
  expired: {
    problem: 'This page was open for too long.',
    advice: 'Nothing was sent on. Enter your password once more.',
  },
  mismatched: {
    problem: 'This page was not made for this browser.',
    advice: 'Nothing was sent on. Enter your password once more.',
  },
  noCookies: {
    problem: 'Your browser did not send back the cookie of this page, so you cannot be signed in.',
    advice:
      'Allow cookies for this address, and try once more. If this is shown inside another page, open it in a tab of its own.',
  },
  secureCookies: {
    problem:
      'Browsers keep the cookies of this gateway only at an https:// address, and this is an http:// one.',
    advice:
      'Open this address with https://. If you run the gateway without TLS: AUTH_SECURE_ENABLED=false lets cookies work with http://.',
  },
  foreignFrame: {
    problem:
      'This page is shown inside a page of another site, where browsers keep back the cookies of this gateway.',
    advice:
      'If you run the gateway: CLEARWAY_COOKIE_SAMESITE=none lets them through, at https:// addresses.',
  },
  notSeen: {
    problem: 'You signed in a moment ago, but your browser did not bring the session along.',
    advice: 'Try once more. If that does not help, tell whoever runs the gateway.',
  },
  brokenOff: {
    problem: 'This address signs in one browser, once, and only for a moment.',
    advice: 'Going on starts anew. If you end up here again, allow cookies for this address.',
  },
  tooLong: {
    problem: 'ClearML gave you a token that is too long for a cookie, so you cannot be signed in.',
    advice: 'Tell whoever runs the gateway.',
  },
} as const satisfies Readonly<Record<string, Saying>>;

/** What who tried too often is told. */
export function throttledSaying(seconds: number): Saying {
  const minutes = Math.ceil(seconds / 60);
  const wait = minutes <= 1 ? 'a minute' : `${minutes} minutes`;
  return { problem: 'There were too many wrong tries.', advice: `Try again in ${wait}.` };
}
