import { CLEARML_CHECKS } from './clearml-checks.ts';
import type { Check } from './contract.ts';
import { MACHINE_CHECKS } from './machine-checks.ts';
import { PORT_CHECKS } from './port-checks.ts';
import { ROUTE_HOST_CHECKS } from './route-host-checks.ts';
import { TLS_CHECKS } from './tls-checks.ts';

/** Every check, in the order in which they are shown. */
export const CHECKS: readonly Check[] = [
  ...MACHINE_CHECKS,
  ...PORT_CHECKS,
  ...ROUTE_HOST_CHECKS,
  ...TLS_CHECKS,
  ...CLEARML_CHECKS,
];
