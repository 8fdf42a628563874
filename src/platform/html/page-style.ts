/** The look of the smaller pages: light or dark as the browser is, wide or narrow, readable without colours. */
export const PAGE_STYLE = `
:root { --ink: #1c2430; --soft: #5b6675; --paper: #f3f5f7; --card: #fff; --line: #8b95a1; --accent: #0b7a75;
  --on-accent: #fff; --ill: #b3261e; --ill-paper: #fdecea; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf1; --soft: #9aa6b5; --paper: #12161c; --card: #1a2029; --line: #6b7684; --accent: #4fd1c5;
    --on-accent: #12161c; --ill: #ff8a80; --ill-paper: #331c1c; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
main { max-width: 30rem; margin: 8vh auto; padding: 2.5rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 16px; overflow-wrap: anywhere; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; }
label { display: block; margin: 1.25rem 0 .35rem; font-weight: 500; }
label.choice { display: flex; gap: .75rem; align-items: baseline; font-weight: 400; }
input[type=text], input[type=password] { width: 100%; padding: .65rem .8rem; font: inherit; color: inherit;
  background: var(--paper); border: 1px solid var(--line); border-radius: 8px; }
button { width: 100%; margin-top: 1.75rem; padding: .7rem; font: inherit; font-weight: 600; color: var(--on-accent);
  background: var(--accent); border: 0; border-radius: 8px; cursor: pointer; }
button:disabled { opacity: .6; cursor: default; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
a { color: var(--accent); }
.soft { color: var(--soft); }
.ill { margin: 0 0 1rem; padding: .75rem 1rem; color: var(--ill); background: var(--ill-paper); border-radius: 10px; }
[hidden] { display: none; }
@media (max-width: 40rem) { main { margin: 0; border: 0; border-radius: 0; min-height: 100vh; padding: 1.5rem; } }
`;
