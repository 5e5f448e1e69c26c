/** What a database without any conversation shows: how to get one. */
export function FirstSteps() {
  return (
    <section class="panel first-steps">
      <h2>No conversations yet</h2>
      <p>As soon as a row is written to your tables, by whatever program, it is counted and shown here.</p>
      <ol>
        <li>
          <a href="demo">Chat on the demo page</a> and see the figures change.
        </li>
        <li>
          Fill in 90 days of demo data: <code>npm run demo</code>
        </li>
        <li>
          Or write a row yourself:
          <pre>
            insert into conversations (organization_id, session_id, message, response){"\n"}values (1, 's-1', 'Open on
            Sundays?', 'Yes, from 10 to 18.');
          </pre>
        </li>
      </ol>
    </section>
  );
}
