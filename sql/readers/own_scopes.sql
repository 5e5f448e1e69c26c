-- By the rights of its owner, but for the role that asks: no reader sees whom else there is. A barrier, so
-- that no function in somebody's WHERE sees the entries of others first.
create or replace view metrics.own_scopes with (security_barrier = true) as
  select
    r.source,
    case r.scope
      when 'setting' then nullif(current_setting('conversation_metrics.organization', true), '')
      else r.organization_id
    end as organization_id,
    r.scope = 'none' or (
      r.scope = 'setting'
      and coalesce(nullif(current_setting('conversation_metrics.no_organization', true), ''), 'off')::boolean
    ) as is_none,
    r.scope = 'all' as is_all
  from metrics.readers as r
  where pg_has_role(r.role, 'usage');

comment on view metrics.own_scopes is
  'What the role that asks may read: organizations by name, those rows without one (is_none), or all of them (is_all). What its settings name counts only for a role that was granted by setting.';
