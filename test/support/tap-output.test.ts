import t from "tap"
import { diagnostics, failedTests, slowestFiles, totals } from "./tap-output.ts"

const output = `1..3
# Subtest: test/a.test.ts
    # Subtest: outer
        # Subtest: inner
            not ok 1 - one is two
              ---
              compare: ===
              ...
            
            ok 2 - should be equal
            1..2
        not ok 1 - inner # time=42.983ms
        
        1..1
    not ok 1 - outer # time=55.962ms
    
    # Subtest: fine
        ok 1 - should be equal
    ok 2 - fine # time=1.061ms
    # time=105.407ms
not ok 1 - test/a.test.ts # time=1105.407ms

# Subtest: test/b.test.ts
    # time=63.289ms
not ok 2 - test/b.test.ts # time=63289.1ms
  ---
  exitCode: 1
  ...

# { total: 6, pass: 2, fail: 4 }
`

t.test("a failure is named by its file, its tests and its assertion, or by its file alone", async (t) => {
  t.strictSame(failedTests(output), ["test/a.test.ts: outer > inner > one is two", "test/b.test.ts"])
})

t.test("failures are shown with their diagnostics, without what passed", async (t) => {
  const shown = diagnostics(output)
  t.match(shown, /compare: ===/)
  t.match(shown, /exitCode: 1/)
  t.notMatch(shown, /should be equal/)
})

t.test("the slowest files come first", async (t) => {
  t.strictSame(slowestFiles(output, 5), ["   63 s  test/b.test.ts", "    1 s  test/a.test.ts"])
  t.equal(slowestFiles(output, 1).length, 1)
})

t.test("totals are those of the last line, and none where a run was cut", async (t) => {
  t.strictSame(totals(output), { passed: 2, failed: 4 })
  t.strictSame(totals("# Subtest: test/a.test.ts\n"), { passed: 0, failed: 0 })
})
