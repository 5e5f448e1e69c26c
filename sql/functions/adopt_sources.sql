create or replace function metrics.adopt_sources() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Refuse before anything is made: a table that cannot be adopted leaves the database as it was.
  if to_regclass('public.conversations') is not null then
    perform metrics.check_source('public.conversations', array['id', 'session_id', 'created_at', 'message or response']);
  end if;
  if to_regclass('public.leads') is not null then
    perform metrics.check_source('public.leads', array['id', 'session_id']);
  end if;
  if to_regclass('public.feedback') is not null then
    perform metrics.check_source('public.feedback', array['id', 'rating', 'session_id or conversation_id']);
  end if;

  perform metrics.create_source_tables();
  perform metrics.install_mapping('messages', 'public.conversations');
  perform metrics.install_mapping('leads', 'public.leads');
  perform metrics.install_mapping('feedback', 'public.feedback');
end; $$;

comment on function metrics.adopt_sources() is
  'Takes conversations, leads and feedback as sources, creating those that do not exist. Raises an error naming what is missing where one cannot be.';
