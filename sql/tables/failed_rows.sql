create table metrics.failed_rows (
  kind text not null constraint failed_rows_kind_known check (kind in ('messages', 'leads', 'feedback')),
  row_id text not null,
  error text not null,
  failed_at timestamptz not null default clock_timestamp(),
  constraint failed_rows_pkey primary key (kind, row_id)
);

comment on table metrics.failed_rows is
  'Source rows that their mapping failed on. They count for nothing until mapping or row is mended; metrics.retry_failed_rows() counts them then.';
