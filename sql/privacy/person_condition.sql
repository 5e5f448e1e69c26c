create or replace function metrics.person_condition(
  of_table regclass, email text, user_id text, organization text, no_organization boolean
) returns text
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select
    '(' || coalesce(
      string_agg(
        case a.attname
          when 'email' then format('lower(btrim(email::text)) = lower(btrim(%L)) or email::text ~* %L', email, metrics.mail_pattern(email))
          when 'user_id' then format('user_id::text = %L', user_id)
          else format('%I::text ~* %L', a.attname, metrics.mail_pattern(email))
        end, ' or '
      ) filter (
        where case a.attname when 'user_id' then user_id is not null
          else email is not null and a.attname in ('email', 'name', 'phone', 'company', 'custom_fields') end
      ), 'false'
    ) || ')' || case
      when organization is null and not no_organization then ''
      when not coalesce(bool_or(a.attname = 'organization_id'), false) then case when no_organization then '' else ' and false' end
      when no_organization then ' and organization_id is null'
      else format(' and organization_id::text = %L', organization)
    end
  from pg_attribute as a
  where a.attrelid = of_table and a.attnum > 0 and not a.attisdropped;
end;

comment on function metrics.person_condition(regclass, text, text, text, boolean) is
  'The condition by which a row of conversations, or of leads, is about a person: the address in a column of a lead, or the user''s id.';
