struct AuditPage {
  init(_ findings: AuditFindings, _ report: AuditReport, seed: UInt64) {}
  let text = ""
}
