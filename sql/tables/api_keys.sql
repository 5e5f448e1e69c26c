create table metrics.api_keys (
  key_id bigint generated always as identity constraint api_keys_pkey primary key,
  kind text not null constraint api_keys_kind_known check (kind in ('key', 'login', 'session')),
  name text not null constraint api_keys_name_given check (name <> ''),
  scope text not null constraint api_keys_scope_known check (scope in ('write', 'read', 'admin')),
  every_organization boolean not null default false,
  organization_id text,
  widget_id text,
  hash bytea not null constraint api_keys_hash_key unique
    constraint api_keys_hash_length check (octet_length(hash) = 32),
  prefix text not null,
  created_at timestamptz not null default clock_timestamp(),
  last_used_at timestamptz,
  expires_at timestamptz,
  revoked_at timestamptz,
  constraint api_keys_organization_one check (organization_id is null or not every_organization),
  constraint api_keys_widget_written check (widget_id is null or scope = 'write'),
  -- What a browser is let in by never lasts.
  constraint api_keys_browser_expires check (kind = 'key' or expires_at is not null)
);

comment on table metrics.api_keys is
  'What opens the HTTP API: keys, the one-time codes of sign-in links, and the sessions of browsers that used one. The secrets themselves are kept nowhere.';
comment on column metrics.api_keys.kind is
  'key: sent as a bearer token. login: a code that is exchanged once for a session, and goes with it. session: in a browser''s cookie.';
comment on column metrics.api_keys.scope is 'write: posts. read: reports and conversations. admin: both, and the server''s own figures.';
comment on column metrics.api_keys.every_organization is 'Whether it is for all organizations.';
comment on column metrics.api_keys.organization_id is
  'The one organization that it reads and writes, as text; NULL without every_organization: the rows without one.';
comment on column metrics.api_keys.widget_id is 'The one widget that it writes for; NULL: any.';
comment on column metrics.api_keys.hash is 'SHA-256 of the secret, which is 256 random bits: no slower hash is needed.';
comment on column metrics.api_keys.prefix is 'How the secret begins, to tell keys apart.';
comment on column metrics.api_keys.last_used_at is 'To the minute.';
comment on column metrics.api_keys.expires_at is 'When it ends by itself; NULL: never.';
comment on column metrics.api_keys.revoked_at is 'When it was taken back; NULL: it holds.';
