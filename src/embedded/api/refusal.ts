/** An answer other than 200: HTTP status, subcode and message of ClearML's envelope (protocol 4.2). */
export class ApiRefusal extends Error {
  readonly code: number;
  readonly subcode: number;

  constructor(code: number, subcode: number, message: string) {
    super(message);
    this.name = 'ApiRefusal';
    this.code = code;
    this.subcode = subcode;
  }
}

/** 400/12: a field is missing or has the wrong type. */
export function validationError(detail: string): ApiRefusal {
  return new ApiRefusal(400, 12, `Validation error (${detail})`);
}

/** 400/16: the value of a field cannot be used. */
export function invalidValue(detail: string): ApiRefusal {
  return new ApiRefusal(400, 16, `Invalid value for fields ${detail}`);
}

/** 400/14: a field that the model does not have. */
export function lookupError(detail: string): ApiRefusal {
  return new ApiRefusal(
    400,
    14,
    `Lookup error (probably an invalid field name or unsupported nested field): err=${detail}`,
  );
}

/** 500/0: what the real server does not catch either. */
export function unhandled(detail: string): ApiRefusal {
  return new ApiRefusal(500, 0, detail);
}
