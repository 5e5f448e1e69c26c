create or replace function metrics.erase_person(
  email text default null,
  user_id text default null,
  organization text default null,
  no_organization boolean default false,
  source text default null,
  dry_run boolean default false
) returns table (of_source text, item text, number bigint, erased boolean, to_do text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  target record;
  person record;
  messages record;
  texts text[];
  is_adopted boolean;
begin
  if coalesce(btrim(email), btrim(user_id), '') = '' or btrim(email) = '' or btrim(user_id) = '' then
    raise exception 'it is not said whom to erase'
      using errcode = 'invalid_parameter_value', hint = 'email => ''…'', user_id => ''…'', or both.';
  elsif organization is not null and no_organization then
    raise exception 'organization and no_organization exclude each other'
      using errcode = 'invalid_parameter_value', hint = 'no_organization is for the rows whose organization is NULL.';
  elsif source is not null then
    perform metrics.source_schema(source);
  end if;

  for target in
    select a.name, a.schema_name
    from metrics.attachments as a
    where a.name = coalesce(source, a.name)
    order by a.name <> 'default', a.name
  loop
    of_source := target.name;
    -- All that is found by what is erased, first.
    select * into person from metrics.person_sessions(target.name, email, user_id, organization, no_organization);
    select * into messages
    from metrics.person_messages(target.name, person.session_keys, email, user_id, organization, no_organization);

    return query select target.name, f.* from metrics.erase_source_rows(
      target.schema_name, email, user_id, organization, no_organization, person.lead_ids, dry_run
    ) as f;
    if email is not null then
      item := 'errors and findings that quote it';
      number := metrics.erase_traces(target.schema_name, email, dry_run);
      erased := not dry_run;
      to_do := null;
      return next;
    end if;

    item := 'sessions that are kept elsewhere';
    number := metrics.erase_copies(target.schema_name, email, user_id, organization, no_organization, dry_run);
    erased := not dry_run;
    to_do := null;
    if number > 0 then
      return next;
    end if;

    erased := false;
    item := 'messages with a text';
    number := cardinality(messages.ids);
    to_do := metrics.text_statement(target.schema_name, 'messages', messages.ids);
    return next;
    execute format('select not bool_or(s.is_view) from %I.sources as s', target.schema_name) into is_adopted;
    if is_adopted then
      texts := metrics.feedback_texts(person.session_keys, email, organization, no_organization);
      item := 'feedback with a text';
      number := cardinality(texts);
      to_do := metrics.text_statement('metrics', 'feedback', texts);
      return next;
    end if;
    item := 'users called by it';
    number := cardinality(messages.user_ids);
    to_do := case when number > 0 then
      'They are erased by their user_id: ' || array_to_string(messages.user_ids, ', ') end;
    return next;
    item := 'sessions called by it';
    number := cardinality(person.named);
    to_do := case when number > 0 then
      'The application gives them another session_id: ' || array_to_string(person.named, ', ') end;
    return next;
  end loop;
end; $$;

comment on function metrics.erase_person(text, text, text, boolean, text, boolean) is
  'Erases a person: the contact details in the rows of leads with this e-mail address, and this user''s id and leads; ledgers and metrics follow. That there was a lead stays, and every number. Attached tables and texts of messages are never written: to_do says what is left to do, for each item that was not erased. dry_run: only counts.';
