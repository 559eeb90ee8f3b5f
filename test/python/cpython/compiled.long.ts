import { fileURLToPath } from "node:url"
import { loadPyodide } from "pyodide"
import t from "tap"
import { refusedPieces, takenPieces } from "./pieces.ts"
import { read } from "./read.ts"

/** The second judge beside the Python of Prefect's own environment: CPython 3.14 itself, in WebAssembly. */
const judge = `
import json, warnings
warnings.simplefilter("ignore")
def judge(text):
    try:
        compile(text, "module", "exec", dont_inherit=True)
    except SyntaxError as error:
        return str(error)
    return None
json.dumps([judge(text) for text in json.loads(texts)])
`
t.setTimeout(300_000)

await t.test("CPython 3.14 judges every piece as the table and the reader do", async (t) => {
  const python = await loadPyodide({ indexURL: fileURLToPath(new URL(".", import.meta.resolve("pyodide"))) })
  const texts = [...refusedPieces, ...takenPieces].map((piece) => `${piece}\n`)
  python.globals["set"]("texts", JSON.stringify(texts))
  const verdicts = JSON.parse(String(python.runPython(judge))) as readonly (string | null)[]
  t.equal(verdicts.length, texts.length)
  for (const [i, text] of texts.entries()) {
    const refused = verdicts[i] !== null
    t.equal(refused, i < refusedPieces.length, `the table has ${text}`)
    t.equal(read(text).error !== null, refused, `the reader judges ${text}`)
  }
})
