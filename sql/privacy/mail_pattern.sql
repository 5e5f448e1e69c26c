-- Not as a part of another address: ada@mail.example is in neither nada@mail.example nor ada@mail.example.com.
create or replace function metrics.mail_pattern(email text) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
return '(?<![[:alnum:]._%+-])' || regexp_replace(btrim(email), '([^[:alnum:]])', '\\\1', 'g')
  || '(?![[:alnum:]-]|\.[[:alnum:]])';

comment on function metrics.mail_pattern(text) is
  'A regular expression, for ~*, that finds an e-mail address in a text.';
