-- The trigger functions hold the mapping's text: reading the row again through the view would cost
-- a quarter of an INSERT. One function an event, since in the shortest of them each IF counts. The
-- transition tables are named inserted and deleted.
create or replace function metrics.install_message_triggers() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $install$
declare
  source metrics.sources;
  id_type constant text := metrics.column_type('metrics.source_messages', 'conversation_id');
  inserted text;
begin
  select * into strict source from metrics.sources where kind = 'messages';
  inserted := format(source.mapping, 'inserted');

  execute format(
    $function$
    create or replace function metrics.tg_conversations__insert() returns trigger
    language plpgsql security definer
    %2$s
    as $trigger$
    declare
      added_id %1$s;
      added_session_key uuid;
      added_created_at timestamptz;
      added_ended_at timestamptz;
      added_user_messages smallint;
      added_ai_messages smallint;
      added_prompt_tokens integer;
      added_completion_tokens integer;
      added_estimated_messages integer;
      added_response_us bigint;
      added_open_rows integer;
      added_lag interval;
      is_later boolean;
      is_between boolean;
      is_unpaired boolean;
      open_questions integer;
      started timestamptz;
      changed_at timestamptz;
    begin
      %4$s
      if added_user_messages < added_ai_messages then
        -- The AI's alone: it may be an answer. The lock comes first, for the row before it as others left that; and one
        -- UPDATE of the metrics row adds both.
        select m.open_rows into open_questions
        from public.conversation_metrics as m where m.session_key = added_session_key for no key update;
        if open_questions > 0 then
          update metrics.messages as l
          set response_us = metrics.response_us(nullif(l.created_at, 'infinity'), nullif(added_created_at, 'infinity'))
          where l.conversation_id = (
              select before.conversation_id from metrics.messages as before where before.session_key = added_session_key
              order by before.created_at desc, before.conversation_id desc offset 1 limit 1
            )
            and (l.created_at, l.conversation_id) < (added_created_at, added_id)
            and metrics.is_open(l.user_messages, l.ai_messages)
          returning l.response_us into added_response_us;
        elsif open_questions is null then
          is_unpaired := true; -- A new session, unless another transaction commits it until the UPDATE.
        end if;
      end if;
      update public.conversation_metrics as m
      set
        user_messages = m.user_messages + added_user_messages,
        ai_messages = m.ai_messages + added_ai_messages,
        prompt_tokens = m.prompt_tokens + added_prompt_tokens,
        completion_tokens = m.completion_tokens + added_completion_tokens,
        estimated_messages = m.estimated_messages + added_estimated_messages,
        conversation_end = greatest(m.conversation_end, added_ended_at),
        response_count = m.response_count + num_nonnulls(added_response_us),
        response_us_sum = m.response_us_sum + coalesce(added_response_us, 0),
        message_rows = m.message_rows + 1,
        open_rows = m.open_rows + added_open_rows,
        longest_lag = greatest(m.longest_lag, added_lag),
        updated_at = clock_timestamp()
      where m.session_key = added_session_key
      returning (m.conversation_start, m.conversation_id) < (added_created_at, added_id), m.open_rows, m.conversation_start
      into is_later, open_questions, started;
      if started < clock_timestamp() - metrics.rollup_delay() then
        perform metrics.mark_rollup(added_session_key);
      end if;

      if is_later and open_questions = 0 then
        return new; -- As good as null here; a variable costs no expression.
      elsif is_later then
        -- The last row answers a question as above, or none, where that could be looked at.
        if added_user_messages > 0 or added_response_us is null then
          select true into is_between
          from metrics.messages as l
          where l.session_key = added_session_key
            and (l.created_at, l.conversation_id) > (added_created_at, added_id)
          limit 1;
          if is_between or is_unpaired then
            perform metrics.add_answers(array[metrics.stretch(added_session_key, added_created_at, added_created_at)]);
          end if;
        end if;
      elsif open_questions is not null then
        perform metrics.start_earlier(l) from metrics.messages as l where l.conversation_id = added_id;
      elsif added_session_key is not null then
        -- Usually a new session. Another transaction that makes it at the same time is waited for: no
        -- metrics row is locked yet.
        insert into metrics.sessions (session_key) values (added_session_key) on conflict do nothing;
        if found then
          changed_at := clock_timestamp();
          insert into public.conversation_metrics (
            session_key, conversation_id, session_id, organization_id, widget_id, user_id,
            user_messages, ai_messages, prompt_tokens, completion_tokens, estimated_messages,
            conversation_start, conversation_end, response_count, response_us_sum,
            message_rows, open_rows, longest_lag, created_at, updated_at
          )
          select
            added_session_key, added_id, source.session_id, source.organization_id, source.widget_id, source.user_id,
            added_user_messages, added_ai_messages, added_prompt_tokens, added_completion_tokens, added_estimated_messages,
            nullif(added_created_at, 'infinity'), added_ended_at,
            num_nonnulls(added_response_us), coalesce(added_response_us, 0),
            1, added_open_rows, added_lag, changed_at, changed_at
          from (%6$s) as source
          on conflict do nothing;
        end if;
        if not found then
          perform metrics.add_first_row(l) from metrics.messages as l where l.conversation_id = added_id;
        elsif added_created_at < changed_at - metrics.rollup_delay() then
          perform metrics.mark_rollup(added_session_key);
        end if;
      else
        -- Several rows, or one that the ledger knows already.
        declare
          ids %1$s[];
          with_extras uuid[];
          answerable metrics.session_delta[];
          earlier metrics.session_delta[];
        begin
          %5$s
          if cardinality(ids) > 64 then
            begin
              execute metrics.count_new_messages_sql(%3$L)
                into with_extras, answerable, earlier
                using clock_timestamp();
              if earlier is not null then
                perform metrics.add_earlier_rows(earlier);
              end if;
              if with_extras is not null then
                perform metrics.apply_extras(with_extras);
              end if;
              if answerable is not null then
                perform metrics.add_answers(answerable);
              end if;
              return null;
            exception when unique_violation then
              null; -- Not all of them are new: the general way.
            end;
          end if;
          perform metrics.sync('messages', ids);
        end;
      end if;
      return null;
    end; $trigger$
    $function$,
    id_type, metrics.trigger_settings(source.is_view), inserted,
    metrics.count_inserted_row_sql(source), metrics.guarded(source, format(
      'ids := array(select source.conversation_id from (%s) as source%s);', inserted,
      -- So that it is read whole, and fails here if at all.
      case when source.is_view then ' where source::text is not null' else '' end
    ), 'select %s from inserted as source'),
    case
      when source.is_view then 'select s.* from metrics.source_messages as s where s.conversation_id = added_id'
      else inserted
    end
  );

  execute format(
    $function$
    create or replace function metrics.tg_conversations__update() returns trigger
    language plpgsql security definer
    %5$s
    as $trigger$
    declare
      ids %1$s[];
      is_done boolean;
    begin
      %3$s
      %2$s
      %4$s
      perform metrics.sync('messages', ids);
      return null;
    end; $trigger$
    $function$,
    id_type, metrics.changed_ids_sql(source), metrics.change_one_row_sql(source),
    case when source.is_view then $sql$
      if cardinality(ids) = 1 then
        select metrics.change_in_place(c, true, true) into is_done
        from metrics.counted_messages as c
        where c.conversation_id = ids[1];
        if is_done then
          return null;
        end if;
      end if;
    $sql$ else '' end,
    metrics.trigger_settings(source.is_view)
  );

  execute format(
    $function$
    create or replace function metrics.tg_conversations__delete() returns trigger
    language plpgsql security definer
    %3$s
    as $trigger$
    begin
      perform metrics.%1$s('messages', array(%2$s));
      return null;
    end; $trigger$
    $function$,
    case when source.is_view then 'sync_carefully' else 'sync' end, metrics.deleted_ids_sql(source),
    metrics.trigger_settings(source.is_view)
  );

  perform metrics.install_triggers('messages', 'metrics.tg_conversations__%s()');
end; $install$;

comment on function metrics.install_message_triggers() is
  'Creates the trigger functions of the message source from its mapping, and its triggers.';
