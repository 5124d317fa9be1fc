import { identityOf } from './auth.ts';
import type { ApiWorld } from './call.ts';
import type { Identity } from './model.ts';
import { ApiRefusal } from './refusal.ts';

/** Headers that make a call somebody else's (protocol 4.1). */
export interface ActHeaders {
  /** X-Clearml-Impersonate-As: with the role of that user. */
  readonly impersonateAs?: string;
  /** X-Clearml-Act-As: with the caller's own role. */
  readonly actAs?: string;
}

const ALLOWED = ['system', 'root', 'admin'];

/** The identity that a call runs as. @throws ApiRefusal 400/5 or 400/6 when it may not. */
export function actAs(world: ApiWorld, caller: Identity, headers: ActHeaders): Identity {
  const id = headers.impersonateAs ?? headers.actAs;
  if (id === undefined) return caller;
  if (headers.impersonateAs !== undefined && headers.actAs !== undefined) {
    throw new ApiRefusal(400, 5, 'Invalid headers (only one allowed)');
  }
  if (!ALLOWED.includes(caller.role)) {
    throw new ApiRefusal(400, 6, `Impersonation error (not allowed): role=${caller.role}`);
  }
  const user = world.state.users.get(id);
  if (user === undefined || (user.company !== caller.company && caller.role !== 'root')) {
    throw new ApiRefusal(400, 6, `Impersonation error (unknown user): id=${id}`);
  }
  const identity = identityOf(world.state, user);
  return headers.actAs === undefined ? identity : { ...identity, role: caller.role };
}
