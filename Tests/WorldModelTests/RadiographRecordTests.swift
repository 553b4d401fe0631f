import Testing
import WorldModel

/// Views and patients as tables and headers write them.
@Suite struct RadiographRecordTests {
  @Test(arguments: [
    ("AP", RadiographView.anteroposterior), ("ap", .anteroposterior), ("AP Supine", .anteroposterior),
    ("AP semi erect", .anteroposterior), ("AP Semi-Erect", .anteroposterior), ("AP_SUPINE", .anteroposterior),
    ("Portable AP", .anteroposterior), ("AP Sitting", .anteroposterior), ("AP_horizontal", .anteroposterior),
    ("APSUPINE", .anteroposterior), ("Chest AP (bedside)", .anteroposterior),
    ("antero-posterior", .anteroposterior),
    ("Anterior Posterior erect", .anteroposterior), ("AP/mobile", .anteroposterior),
    ("PA erect", .posteroanterior), ("pa", .posteroanterior), ("CHEST PA", .posteroanterior),
    ("Postero-Anterior", .posteroanterior), ("PA view, 2 of 3", .posteroanterior),
    ("PAERECT", .posteroanterior),
    ("Frontal", .frontal), ("frontal chest", .frontal),
    ("L", .lateral), ("LL", .lateral), ("RL", .lateral), ("Left lateral", .lateral),
    ("lateral_erect", .lateral),
    ("LAT", .lateral), ("LLAT", .lateral), ("Cross-table lateral", .lateral),
    ("AP lordotic", .other), ("PA oblique", .other), ("left lateral decubitus", .other),
    ("PA and lateral", .other),
    ("AP pelvis", .other), ("RAO", .other), ("swimmers", .other),
  ])
  func viewsAreReadByTheirWords(code: String, view: RadiographView) {
    #expect(RadiographView(code: code) == view)
  }

  @Test(arguments: ["", "  ", "nan", "None", "N/A", "unknown", "-"])
  func aViewThatIsNotToldIsNone(code: String) { #expect(RadiographView(code: code) == nil) }

  @Test(arguments: [
    ("10000032", "10000032"), ("10000032.0", "10000032"), (" 10000032", "10000032"),
    ("0010000032", "10000032"),
    ("0010000032.00\t", "10000032"), ("000", "0"), ("p12", "p12"), (" p12 ", "p12"), ("P-0012", "P-0012"),
    ("1.5", "1.5"), ("1.2.840", "1.2.840"), ("12a", "12a"),
  ])
  func aPatientIsWhatTheNumberMeans(text: String, key: String) {
    #expect(PatientIdentifier(text)?.key == key)
    #expect(RadiographRecord(identifier: "a", patient: text).patientKey == "patient " + key)
  }

  @Test(arguments: [
    "", " ", "nan", "NaN", "None", "n/a", "ANONYMOUS", "Anonymous", "anon", "De-identified", "^", "?",
  ])
  func aPlaceholderIsNobody(text: String) {
    #expect(PatientIdentifier(text) == nil)
    #expect(RadiographRecord(identifier: "a.png", patient: text).patientKey == "radiograph a.png")
  }

  @Test func controlCharactersAreWrittenOut() {
    #expect("a\u{1B}[2Jb\n".printable == "a\\u{1B}[2Jb\\u{A}")
    #expect("Ä ö 中.png".printable == "Ä ö 中.png")
    #expect("\(UnusableRadiograph(identifier: "x\u{7}", reason: "tiny"))" == "x\\u{7}: tiny")
  }
}
