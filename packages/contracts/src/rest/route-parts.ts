import { z } from 'zod';
import { mainAccountId, subAccountId } from '../scalars.js';
import type { RouteDefinition, Who } from './route.js';

/** What the rows of the route table share. */
export const ofMain = z.strictObject({ id: mainAccountId });
export const ofSub = z.strictObject({ id: mainAccountId, sub: subAccountId });
export const operator: readonly Who[] = ['operator'];
export const both: readonly Who[] = ['main', 'operator'];
export const upstream: readonly Who[] = ['upstream'];

export const MAIN = '/v1/main-accounts/{id}' as const;
export const SUB = `${MAIN}/sub-accounts/{sub}` as const;

/** Keeps the literal types of a row while checking it. */
export const route = <const Row extends RouteDefinition>(row: Row): Row => row;
