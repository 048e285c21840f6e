/**
 * A key knows the key that made it; a stored answer belongs to a key, not to a user. Those of before do not say whose
 * they are, and some hold a secret: they are forgotten.
 */
export const keysKnowTheirMaker = `
alter table api_keys add column created_by text references api_keys (id);
create index api_keys_created_by on api_keys (created_by);
delete from idempotency_keys;
alter table idempotency_keys rename column user_id to api_key_id;
`;
