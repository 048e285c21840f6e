/** A disabled user's keys do not work. */
export const disabledUsers = 'alter table users add column disabled_at timestamptz;';
