select
  relation,
  unit,
  pg_table_size(relation::regclass) as table_bytes,
  pg_indexes_size(relation::regclass) as index_bytes
from (
  values
    ('conversations', 'message'),
    ('metrics.messages', 'message'),
    ('conversation_metrics', 'session'),
    ('metrics.sessions', 'session')
) as relations (relation, unit)
