import "./dialect.test.ts"
