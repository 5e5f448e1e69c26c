-- The model belongs to it, since it decides the encoding. 64 bits of SHA-256: equal by accident once
-- in 10^19 pairs, and nobody can make it so on purpose as with a plain hash.
create or replace function metrics.text_digest(model text, message text, response text) returns bigint
language sql stable parallel safe
return (
  'x' || encode(
    substring(
      -- The database's own encoding: no conversion, so no text can make it fail.
      sha256(convert_to(
        quote_nullable(model) || quote_nullable(message) || quote_nullable(response), getdatabaseencoding()
      ))
      from 1 for 8
    ),
    'hex'
  )
)::bit(64)::bigint;

comment on function metrics.text_digest(text, text, text) is
  'Tells whether an exact token count is still that of the row''s text: the first 64 bits of SHA-256 of model and texts.';
