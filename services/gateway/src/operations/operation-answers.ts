import { ERRORS, type OperationView, PROBLEM_MEDIA_TYPE, type Problem } from '@subledger/contracts';
import type { Answer } from '../request/idempotency.js';
import { problemBody } from '../request/problem.js';
import type { Operation, Outcome } from './operation.js';

const operationPath = (id: string): string => `/v1/operations/${id}`;
export const mainAccountPath = (id: string): string => `/v1/main-accounts/${id}`;
export const subAccountPath = (id: string, sub: string): string =>
  `${mainAccountPath(id)}/sub-accounts/${sub}`;
export const transferPath = (id: string, sequence: number): string =>
  `${mainAccountPath(id)}/transfers/${sequence}`;

/** 202: the operation is committed and continues. `Location` leads to its outcome. */
export function acceptedLater(operation: Operation, publicUrl: string): Answer {
  return {
    status: 202,
    headers: { location: operationPath(operation.id), 'retry-after': '1' },
    body: operationView(operation, publicUrl),
  };
}

/**
 * The answer to a refusal by the ledger.
 * @param outcome with a code
 * @param operationId absent if there is no operation
 */
export function refusedAnswer(outcome: Outcome, operationId: string | undefined, publicUrl: string): Answer {
  const body = refusal(outcome, operationId, publicUrl);
  return { status: body.status, headers: { 'content-type': PROBLEM_MEDIA_TYPE }, body };
}

function refusal(outcome: Outcome, operationId: string | undefined, publicUrl: string): Problem {
  const { code = 'invalid-command', needed, available, lacking, first, remaining } = outcome;
  const { blockers, blockerCount, errors } = outcome;
  const amounts = { needed, available, lacking, first, remaining };
  const fields = { ...amounts, blockers, blockerCount, errors, operation: operationId };
  return problemBody(code in ERRORS ? code : 'internal-error', fields, publicUrl);
}

export function operationView(operation: Operation, publicUrl: string): OperationView {
  const isRefused = operation.outcome?.code !== undefined;
  const status = operation.state === 'pending' ? 'pending' : isRefused ? 'rejected' : 'succeeded';
  return {
    id: operation.id,
    status,
    action: operation.action,
    mainAccountId: operation.mainAccountId,
    subAccountId: operation.subAccountId,
    resource: status === 'succeeded' ? resourceOf(operation) : null,
    createdAt: operation.createdAt.toISOString(),
    finishedAt: operation.doneAt?.toISOString() ?? null,
    problem: isRefused ? refusal(operation.outcome as Outcome, operation.id, publicUrl) : null,
  };
}

function resourceOf({ action, mainAccountId, subAccountId, outcome }: Operation): string | null {
  if (action === 'deleteSubAccount' || action === 'placeHold' || action === 'releaseHold') return null;
  if (
    outcome?.transferSequence !== undefined &&
    (action === 'createPurchase' || action === 'createAdjustment')
  ) {
    return transferPath(mainAccountId, outcome.transferSequence);
  }
  return subAccountId === null ? mainAccountPath(mainAccountId) : subAccountPath(mainAccountId, subAccountId);
}
