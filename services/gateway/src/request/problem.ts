import {
  ERROR_HELP,
  ERRORS,
  type ErrorCode,
  errorPagePath,
  type FieldError,
  type Problem,
} from '@subledger/contracts';

/** Fields of a problem beside its code. */
export interface ProblemFields {
  readonly detail?: string | undefined;
  readonly needed?: string | undefined;
  readonly available?: string | undefined;
  readonly lacking?: string | undefined;
  readonly first?: { readonly transfer: number; readonly points: string; readonly at: string } | undefined;
  readonly remaining?: string | undefined;
  readonly blockers?: readonly string[] | undefined;
  readonly blockerCount?: number | undefined;
  readonly errors?: readonly FieldError[] | undefined;
  readonly operation?: string | undefined;
}

/**
 * An expected error, which becomes the answer of the request (RFC 9457). It may be thrown anywhere below a handler.
 */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  constructor(
    readonly code: ErrorCode,
    readonly fields: ProblemFields = {},
    readonly headers: Readonly<Record<string, string>> = {},
    options?: ErrorOptions,
  ) {
    super(code, options);
  }

  static invalid(errors: readonly FieldError[]): ProblemError {
    return new ProblemError('validation-failed', { errors });
  }

  static notFound(): ProblemError {
    return new ProblemError('not-found');
  }

  /** @param what the unavailable dependency, for the log and not for the answer */
  static unavailable(what: string, cause?: unknown): ProblemError {
    return new ProblemError('service-unavailable', {}, { 'retry-after': '2' }, { cause: cause ?? what });
  }
}

/** The body of a problem. Status, title and help come only from the contract. */
export function problemBody(
  code: ErrorCode,
  fields: ProblemFields,
  publicUrl: string,
  instance?: string,
): Problem {
  const { status, title } = ERRORS[code];
  const { detail, ...rest } = fields;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return {
    type: `${publicUrl}${errorPagePath(code)}`,
    title,
    status,
    detail: detail ?? detailOf(code, fields),
    code,
    ...(instance === undefined ? {} : { instance }),
    ...given,
  };
}

/** What happened, that nothing was lost, and what to do, with figures if there are any. */
function detailOf(code: ErrorCode, fields: ProblemFields): string {
  const { happened, lost, next } = ERROR_HELP[code];
  const figures = [
    fields.needed === undefined ? '' : `needed ${fields.needed}`,
    fields.available === undefined ? '' : `available ${fields.available}`,
    fields.lacking === undefined ? '' : `lacking ${fields.lacking}`,
    fields.remaining === undefined ? '' : `remaining ${fields.remaining}`,
  ].filter((text) => text !== '');
  const numbers = figures.length === 0 ? '' : ` (Points: ${figures.join(', ')}.)`;
  return `${happened}${numbers} ${lost} ${next}`;
}
