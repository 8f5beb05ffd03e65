import { z } from 'zod';
import { ERROR_CODES, type ErrorCode } from '../errors.js';

/** A field that is not valid: `path` says where (`limit`, `senderNumbers.0`), `message` says why. */
export const fieldError = z
  .object({
    path: z.string().meta({
      description: 'Where: names and positions joined by dots; empty for the whole body',
      examples: ['limit'],
    }),
    message: z.string().meta({ description: 'Why it is not valid', examples: ['must be more than 0'] }),
  })
  .meta({ id: 'FieldError', description: 'One field that is not valid' });
export type FieldError = z.infer<typeof fieldError>;

/** Problem details (RFC 9457), `application/problem+json`: the answer to every request that fails. */
export const problem = z
  .object({
    type: z.string().meta({
      description: 'Address of the page about this error',
      examples: ['https://points.example/docs/errors/insufficient-main-balance'],
    }),
    title: z.string().meta({
      description: 'What it is, the same for every answer with this code',
      examples: ['The main account has not enough points'],
    }),
    status: z
      .int()
      .min(400)
      .max(599)
      .meta({ description: 'HTTP status of the answer', examples: [409] }),
    detail: z.string().meta({
      description: 'What happened, what it means for your points, what to do',
      examples: ['The main account has not enough points. Nothing was changed and no points moved.'],
    }),
    code: z
      .enum(ERROR_CODES as [ErrorCode, ...ErrorCode[]])
      .meta({ description: 'What programs decide by', examples: ['insufficient-main-balance'] }),
    instance: z
      .string()
      .optional()
      .meta({
        description: 'Id of the request, for the help desk',
        examples: ['req_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f44'],
      }),
    needed: z
      .string()
      .optional()
      .meta({ description: 'Points that this very move takes', examples: ['9500'] }),
    available: z
      .string()
      .optional()
      .meta({ description: 'Points that the main account may use; below 0 in debt', examples: ['9000'] }),
    lacking: z
      .string()
      .optional()
      .meta({
        description: 'A purchase of so many points is enough; it also pays what is funded first',
        examples: ['500'],
      }),
    first: z
      .object({
        transfer: z
          .int()
          .min(1)
          .meta({ description: 'Its sequence', examples: [12] }),
        points: z.string().meta({ description: 'Points that it moved', examples: ['10000'] }),
        at: z.string().meta({ description: 'When', examples: ['2026-11-23T09:00:00.000Z'] }),
      })
      .optional()
      .meta({ description: 'The transfer that had the reference first' }),
    remaining: z
      .string()
      .optional()
      .meta({ description: 'Points that the sub-account has left', examples: ['0.8'] }),
    blockers: z
      .array(z.string())
      .optional()
      .meta({
        description: 'Ids of what stands in the way, at most 100',
        examples: [['sa_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f22']],
      }),
    blockerCount: z
      .int()
      .min(0)
      .optional()
      .meta({
        description: 'How many stand in the way, those beyond the 100 named ones included',
        examples: [1],
      }),
    errors: z
      .array(fieldError)
      .optional()
      .meta({
        description: 'Each field that is not valid, at most 100',
        examples: [[{ path: 'limit', message: 'is required' }]],
      }),
    operation: z
      .string()
      .optional()
      .meta({
        description: 'Id of the refused operation',
        examples: ['op_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f33'],
      }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem: why it did not go well' });
export type Problem = z.infer<typeof problem>;

/** Media type of a problem (RFC 9457, section 3). */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';
/** Path of the page about an error; a problem's `type` is the public URL with this path. */
export const errorPagePath = (code: ErrorCode): string => `/docs/errors/${code}`;
