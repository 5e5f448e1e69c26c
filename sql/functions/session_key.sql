-- 128 bits of SHA-256 over both parts: one not-null key that joins and indexes like any other,
-- where (organization_id, session_id) has NULLs that neither does. quote_nullable ends the first
-- part, so no two pairs give the same text. Not MD5 (refused by FIPS builds) and not hashtext (a
-- tenant could search for a collision).
create or replace function metrics.session_key(organization_id text, session_id text) returns uuid
language sql stable parallel safe
return encode(
  substring(
    -- The database's own encoding: no conversion, so no text can make it fail.
    sha256(convert_to(quote_nullable(organization_id) || session_id, getdatabaseencoding()))
    from 1 for 16
  ),
  'hex'
)::uuid;

comment on function metrics.session_key(text, text) is
  'The key of a session: the first 128 bits of SHA-256 of organization and session id. NULL for a NULL session id; a NULL organization is a tenant of its own.';
