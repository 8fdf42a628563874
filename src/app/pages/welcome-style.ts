/** The look of the welcome page: light or dark as the browser is, wide or narrow, readable without colours. */
export const WELCOME_STYLE = `
:root { --ink: #1c2430; --soft: #5b6675; --paper: #f3f5f7; --card: #fff; --line: #dfe4ea; --accent: #0b7a75;
  --well: #17804f; --well-paper: #e9f6ef; --ill: #b3261e; --ill-paper: #fdecea; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf1; --soft: #9aa6b5; --paper: #12161c; --card: #1a2029; --line: #2b333f; --accent: #4fd1c5;
    --well: #5ad19a; --well-paper: #16291f; --ill: #ff8a80; --ill-paper: #331c1c; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
main { max-width: 42rem; margin: 6vh auto; padding: 2.5rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 16px; }
header { display: flex; gap: 1.25rem; align-items: center; }
.mark { width: 56px; height: 56px; flex: none; fill: none; stroke: var(--accent); stroke-width: 4; }
.mark circle:last-child { fill: var(--accent); stroke: none; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .75rem; font-size: 1.05rem; }
.lead { margin: .25rem 0 0; color: var(--soft); }
.health { margin: 1.75rem 0 0; padding: .75rem 1rem; border-radius: 10px; display: flex; gap: .75rem;
  align-items: center; font-weight: 500; }
.dot { width: .75rem; height: .75rem; border-radius: 50%; flex: none; background: currentColor; }
.well { color: var(--well); background: var(--well-paper); }
.ill { color: var(--ill); background: var(--ill-paper); }
.ill .dot { border-radius: 2px; }
ul { margin: 0; padding-left: 1.25rem; color: var(--soft); } li { margin: .35rem 0; }
.steps { margin: 0; padding: 0; list-style: none; counter-reset: step; }
.steps li { position: relative; margin: .9rem 0; padding-left: 2.5rem; counter-increment: step; }
.steps li::before { content: counter(step); position: absolute; left: 0; top: 0; width: 1.6rem; height: 1.6rem;
  border: 1px solid var(--accent); border-radius: 50%; color: var(--accent); font-size: .85rem; line-height: 1.5rem;
  text-align: center; }
a { color: var(--accent); }
pre, code { font: .9rem/1.5 ui-monospace, monospace; color: var(--ink); }
pre { margin: .5rem 0 0; padding: .6rem .9rem; background: var(--paper); border: 1px solid var(--line);
  border-radius: 8px; overflow-x: auto; user-select: all; }
@media (max-width: 40rem) { main { margin: 0; border: 0; border-radius: 0; min-height: 100vh; padding: 1.5rem; } }
`;
