import { v7 as uuidv7 } from 'uuid';

export const newMainAccountId = (): string => `ma_${uuidv7()}`;
export const newSubAccountId = (): string => `sa_${uuidv7()}`;
export const newMessageId = (): string => `msg-${uuidv7()}`;
