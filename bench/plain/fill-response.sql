-- The end of a streamed answer.
update public.conversations set response = $2, responded_at = now() where id = $1
