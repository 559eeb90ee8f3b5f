import t from "tap"
import { cleandoc, parameterDescriptions } from "../../src/python/schema/docstring.ts"

t.test("docstrings are cleaned as inspect.cleandoc does", async (t) => {
  const cases: readonly [text: string, cleaned: string][] = [
    ["One line.", "One line."],
    ["  spaced  ", "spaced  "],
    ["\n    First.\n\n      Deeper.\n    ", "First.\n\n  Deeper."],
    ["First.\n    Second.\n  Third.", "First.\n  Second.\nThird."],
    ["\n\tTab.\n\t  Deeper.\n", "Tab.\n  Deeper."],
    ["\n\n", ""],
    ["", ""],
    // A line of spaces that is longer than the margin isn't empty.
    ["First.\n  x\n     \n", "First.\nx\n   "],
  ]

  for (const [text, cleaned] of cases) t.equal(cleandoc(text), cleaned, JSON.stringify(text))
})

t.test("parameter descriptions come from the Args section alone", async (t) => {
  const cases: readonly [claim: string, lines: readonly string[], found: Readonly<Record<string, string>>][] = [
    ["a plain section", ["S.", "", "Args:", "    a: The a.", "    b (int): The b."], { a: "The a.", b: "The b." }],
    ["every title", ["S.", "", "Parameters: of it", "    a: x"], { a: "x" }],
    ["in any case", ["S.", "", "ARGUMENTS:", "  a: x"], { a: "x" }],
    [
      "lines that go on",
      ["S.", "", "Args:", "    a: x", "        y", "      z", "", "    b: w"],
      { a: "x\ny\nz", b: "w" },
    ],
    ["a name is taken as it is", ["S.", "", "Args:", "    a : x", "    *args: y"], { "a ": "x", "*args": "y" }],
    ["a line without colon is skipped", ["S.", "", "Args:", "    a", "    b: x"], { b: "x" }],
    ["no empty line above", ["S.", "Args:", "    a: x"], {}],
    ["an empty line below", ["S.", "", "Args:", "", "    a: x"], {}],
    ["not indented", ["S.", "", "Args:", "a: x"], {}],
    ["in a code block", ["S.", "", "```", "", "Args:", "    a: x", "```"], {}],
    ["in another section", ["S.", "", "Note:", "    Args:", "        a: x"], {}],
    ["other titles", ["S.", "", "Keyword Args:", "    a: x", "", "Returns:", "    b: y"], {}],
    ["the last section counts", ["S.", "", "Args:", "    a: x", "", "Params:", "    b: y"], { b: "y" }],
    ["an empty last section doesn't", ["S.", "", "Args:", "    a: x", "", "Params:", "    none"], { a: "x" }],
    ["numpy style", ["S.", "", "Parameters", "----------", "a : int", "    x"], {}],
  ]

  for (const [claim, lines, found] of cases) {
    t.strictSame(Object.fromEntries(parameterDescriptions(lines.join("\n"))), found, claim)
  }
})
