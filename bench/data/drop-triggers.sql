-- The same tables and indexes, without the engine.
do $$
declare
  trigger record;
begin
  for trigger in
    select tgname as name, tgrelid::regclass as relation
    from pg_trigger
    where not tgisinternal
      and tgrelid in ('public.conversations'::regclass, 'public.leads'::regclass, 'public.feedback'::regclass)
  loop
    execute format('drop trigger %I on %s', trigger.name, trigger.relation);
  end loop;
end; $$
