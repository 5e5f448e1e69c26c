create or replace function metrics.check_view(of_view regclass, of_kind text) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  missing text;
  foreign_function record;
begin
  if (select c.relkind from pg_class as c where c.oid = of_view) <> 'v' then
    raise exception '% is not a view', of_view
      using errcode = 'wrong_object_type',
        hint = 'A mapping is a view over your tables with canonical column names: create view … as select id as conversation_id, … from …';
  end if;

  select string_agg(name, ', ') into missing
  from unnest(case of_kind
    when 'messages' then array['conversation_id', 'session_id', 'message or response']
    when 'leads' then array['lead_id', 'session_id']
    else array['feedback_id', 'rating', 'session_id or conversation_id']
  end) as name
  where not exists (
    select from unnest(string_to_array(name, ' or ')) as choice
    where metrics.column_type(of_view, choice) is not null
  );
  if missing is not null then
    raise exception 'view %, the mapping of %: it has no column %', of_view, of_kind, missing
      using errcode = 'undefined_column', hint = 'Name the expression so in the view: … as ' || split_part(missing, ',', 1) || '.';
  end if;

  -- The triggers run the view's text with our rights.
  select p.oid::regprocedure as signature, pg_get_userbyid(p.proowner) as owner into foreign_function
  from pg_rewrite as r
  join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_proc'::regclass
  join pg_proc as p on p.oid = d.refobjid
  join pg_roles as o on o.oid = p.proowner
  where r.ev_class = of_view and p.oid >= 16384 and not o.rolsuper and o.rolname <> current_user;
  if found then
    raise exception 'view % calls the function %, which belongs to %', of_view, foreign_function.signature, foreign_function.owner
      using errcode = 'insufficient_privilege',
        hint = format('Who owns it could run anything with the rights of %s. Make it yours: alter function %s owner to %1$s.',
          quote_ident(current_user), foreign_function.signature);
  end if;
end; $$;

comment on function metrics.check_view(regclass, text) is
  'Raises an error that names what a view lacks to be the mapping of a kind.';
