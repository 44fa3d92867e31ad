import { expect, it } from "vitest";
import { html } from "./markup.ts";

it("escapes every value, in text and in attributes", () => {
  const evil = `<script>alert("1")</script>&'`;
  expect(html`<p title="${evil}">${evil}</p>`.text).toBe(
    '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;">&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;</p>',
  );
});

it("nests, joins lists, and prints nothing for what is absent", () => {
  expect(html`<ul>${["a", "b"].map((item) => html`<li>${item}</li>`)}${null}${undefined}${false}${0}</ul>`.text).toBe(
    "<ul><li>a</li><li>b</li>0</ul>",
  );
});
