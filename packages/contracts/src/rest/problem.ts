import { z } from 'zod';
import { ERROR_CODES, type ErrorCode } from '../errors.js';

/** One field that is not valid: `path` is where (`limit`, `senderNumbers.0`), `message` is why. */
export const fieldError = z.object({ path: z.string(), message: z.string() }).meta({ id: 'FieldError' });
export type FieldError = z.infer<typeof fieldError>;

/** RFC 9457 problem, `application/problem+json`: the answer to everything that did not go well. */
export const problem = z
  .object({
    type: z.string().meta({ description: 'Address of the page about this error' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What happened, what it means for your points, what to do' }),
    code: z.enum(ERROR_CODES as [ErrorCode, ...ErrorCode[]]),
    instance: z.string().optional().meta({ description: 'Id of the request, for the help desk' }),
    needed: z.string().optional().meta({ description: 'Points that it would have taken' }),
    available: z.string().optional().meta({ description: 'Points that the main account may use' }),
    remaining: z.string().optional().meta({ description: 'Points that the sub-account has left' }),
    blockers: z
      .array(z.string())
      .optional()
      .meta({ description: 'Ids of what stands in the way, at most 100' }),
    blockerCount: z.int().optional(),
    errors: z.array(fieldError).optional(),
    operation: z.string().optional().meta({ description: 'Id of the refused operation' }),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problem>;

/** Media type of a problem. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';
/** Path of the page about an error; a problem's `type` is the public URL with this path. */
export const errorPagePath = (code: ErrorCode): string => `/docs/errors/${code}`;
