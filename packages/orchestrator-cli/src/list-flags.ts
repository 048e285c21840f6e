import * as Flags from '@oclif/core/flags';

/** Flags of every list. */
export const listFlags = {
  fields: Flags.string({ description: 'Only these fields, separated by commas', helpValue: 'A,B' }),
  limit: Flags.integer({ description: 'Items to show, up to 500', min: 1, max: 500, default: 50, helpValue: 'N' }),
  cursor: Flags.string({ description: 'Go on after an earlier list: its next_cursor' }),
};
