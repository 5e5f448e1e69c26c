create or replace function metrics.bin_us(bin bigint) returns double precision
language sql immutable parallel safe
begin atomic
  select case when number = 0 then 0 else power(1.02::double precision, number - 0.5) end
  from (select (bin >> 32) % 10000 as number) as b;
end;

comment on function metrics.bin_us(bigint) is
  'The microseconds that stand for a bin of metrics.time_bin: at most a hundredth, or a microsecond, from any time in it.';
