import type { QueueContract } from '@codegen/contracts';

/** For how long a request is remembered by its `request_id`. */
export interface Remembered {
  /** What tells messages apart where it is not their `request_id`: of one request there may be several. */
  key?: string;
  /** Milliseconds; longer than a message may come again after. */
  windowMs: number;
}

/** Checks that messages of this queue can be told by their request. @throws {TypeError} where they cannot */
export function checkRemembered(contract: QueueContract, { windowMs }: Remembered): void {
  if (contract.kind !== 'work') throw new TypeError(`${contract.stream} is a log: its entries are not told apart`);
  const { message } = contract;
  const schemas = 'options' in message ? message.options : [message];
  if (!schemas.every((schema) => 'request_id' in schema.shape)) {
    throw new TypeError(`messages of ${contract.stream} have no request_id, by which they could be told apart`);
  }
  if (!Number.isInteger(windowMs) || windowMs < 1) throw new TypeError('windowMs must be a whole number above 0');
}
