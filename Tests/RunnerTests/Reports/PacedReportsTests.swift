import Testing

@testable import Training

@Suite struct PacedReportsTests {
  /// A clock that moves while reports are written.
  private final class Clock {
    var seconds = 0.0
    var written: [Double] = []
  }

  @Test func reportsTakeAFiftiethOfTheTime() throws {
    let clock = Clock()
    var reports = PacedReports(now: { clock.seconds }) {
      clock.written.append(clock.seconds)
      clock.seconds += 2
    }
    // A checkpoint every ten seconds.
    for _ in 0..<30 {
      try reports.write()
      clock.seconds += 10
    }
    #expect(clock.written == [0, 102, 204])
    try reports.finish()
    #expect(clock.written.count == 4)
    try reports.finish()
    #expect(clock.written.count == 4)
  }

  @Test func cheapReportsAreAlwaysUpToDate() throws {
    let clock = Clock()
    var reports = PacedReports(now: { clock.seconds }) { clock.written.append(clock.seconds) }
    for _ in 0..<5 {
      try reports.write()
      clock.seconds += 1
    }
    #expect(clock.written == [0, 1, 2, 3, 4])
  }
}
