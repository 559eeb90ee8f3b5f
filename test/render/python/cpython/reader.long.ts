import "./reader.test.ts"
