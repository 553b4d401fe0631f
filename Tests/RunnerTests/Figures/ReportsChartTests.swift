import CoreTensor
import Foundation
import Testing

@testable import Figures
@testable import Training

@Suite struct ReportsAxisTests {
  @Test func ticksAreRoundAndEncloseTheValues() {
    let axis = Axis(showing: [0.013, 0.487])
    #expect(axis.ticks == [0, 0.1, 0.2, 0.30000000000000004, 0.4, 0.5])
    #expect(
      axis.ticks.map(axis.label) == ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"].map { $0 == "0.0" ? "0" : $0 })
    #expect(axis.low <= 0.013 && axis.high >= 0.487)
  }

  @Test(arguments: [
    (0.0, 1.0), (-3.0, 12.5), (1e-9, 3e-9), (0.0, 250_000.0), (99.99, 100.01), (-5e6, -1e6),
  ])
  func positionsRiseWithValuesAndLabelsDiffer(low: Double, high: Double) throws {
    let axis = Axis(showing: [low, high])
    let values = (0...50).map { low + (high - low) * Double($0) / 50 }
    let positions = values.compactMap(axis.position)
    #expect(positions.count == 51)
    #expect(zip(positions, positions.dropFirst()).allSatisfy { $0 < $1 })
    #expect(positions.allSatisfy { $0 >= -1e-9 && $0 <= 1 + 1e-9 })
    #expect(axis.ticks.count >= 3 && axis.ticks.count <= 12)
    let labels = axis.ticks.map(axis.label)
    #expect(Set(labels).count == labels.count, "\(labels)")
  }

  @Test func logarithmicAxisGivesEqualRoomToEqualRatios() throws {
    let axis = Axis(showing: [0.001, 10], isLogarithmic: true)
    let places = try [0.01, 0.1, 1].map { try #require(axis.position(of: $0)) }
    #expect(abs((places[1] - places[0]) - (places[2] - places[1])) < 1e-12)
    #expect(axis.ticks.map(axis.label) == ["0.001", "0.01", "0.1", "1", "10"])
    #expect(axis.position(of: 0) == nil)
    #expect(axis.position(of: -1) == nil)
    let narrow = Axis(showing: [0.2, 0.9], isLogarithmic: true)
    #expect(narrow.ticks.count >= 2)
    #expect(narrow.ticks.allSatisfy { $0 >= narrow.low && $0 <= narrow.high })
  }

  @Test func valuesThatAreAllOneOrNoneStillHaveAnAxis() throws {
    let constant = Axis(showing: [0.25, 0.25])
    #expect(try #require(constant.position(of: 0.25)) > 0.2)
    #expect(try #require(constant.position(of: 0.25)) < 0.8)
    let empty = Axis(showing: [.nan, .infinity])
    #expect((empty.low, empty.high) == (0, 1))
    #expect(empty.position(of: .nan) == nil)
  }
}

@Suite struct ReportsChartTests {
  static func lossCurves(steps: Int) -> LineChart {
    var random = RandomStream(seed: 3, stream: "chart")
    func curve(_ start: Double, _ end: Double, _ noise: Double) -> [Double] {
      (0..<steps).map { step in
        let t = Double(step) / Double(max(steps, 1))
        return (end + (start - end) * exp(-6 * t)) * (1 + noise * random.normal())
      }
    }
    return LineChart(
      title: "Loss", subtitle: "runs/first · 3 tasks, batch 16, 300 epochs", xLabel: "optimiser step",
      yLabel: "mean squared error",
      series: [
        .init(name: "total", values: curve(0.9, 0.22, 0.05), isSmoothed: true),
        .init(name: "1→1 local+domain", values: curve(0.8, 0.15, 0.08), isSmoothed: true),
        .init(name: "1→2 global+domain", values: curve(1.0, 0.31, 0.08), isSmoothed: true),
        .init(name: "held out", values: curve(0.95, 0.27, 0)),
      ])
  }

  /// Where a chart draws its values.
  private func plot(_ chart: LineChart) throws -> Box {
    var box: Box?
    _ = try Sketch(chart.size.width, chart.size.height) { box = ChartDrawing(chart, on: $0).plot }.pixels()
    return try #require(box)
  }

  @Test func drawsEachLineWhereItsValuesLie() throws {
    let chart = LineChart(
      title: "Rise", xLabel: "step", yLabel: "value", series: [.init(name: "line", values: [0, 1, 2, 3, 4])],
      size: Size(640, 400))
    let (pixels, box) = (try chart.pixels(), try plot(chart))
    for value in 1..<4 {
      let x = box.x + Double(value) / 4 * box.width
      let y = box.bottom - Double(value) / 4 * box.height
      #expect(pixels[Int(y), Int(x)] == Color.distinct[0], "value \(value)")
    }
    #expect(pixels[Int(box.y) + 5, Int(box.x) + 20] == .white)
  }

  @Test func smoothedLineIsTheRunningMeanAndEndsWhereTheDataDo() {
    let points = (0..<800).map { Point(Double($0), $0 % 2 == 0 ? 0 : 1) }
    let smoothed = Smoothing.mean(points)
    #expect(smoothed.count == 800)
    #expect(smoothed.dropFirst(20).dropLast(20).allSatisfy { abs($0.y - 0.5) < 0.03 })
    let line = (0..<800).map { Point(Double($0), Double($0) * 2) }
    #expect(zip(Smoothing.mean(line), line).allSatisfy { abs($0.y - $1.y) < 1e-6 })
  }

  @Test func linesDifferWithoutTheirColours() {
    let styles = (0..<20).map(LineStyle.init)
    #expect(Set(styles.map { "\($0.dash) \($0.mark)" }).count == 20)
    #expect(Set(styles.prefix(8).map(\.color)).count == 8)
  }

  @Test func manyPointsAreThinnedToTheirExtent() throws {
    let points = (0..<100_000).map { Point(Double($0) / 200, Double($0 * 7919 % 1000)) }
    let thinned = Smoothing.thinned(points)
    #expect(thinned.count <= 4 * 501 && thinned.count > 900)
    #expect(thinned.first == points.first && thinned.last == points.last)
    #expect(zip(thinned, thinned.dropFirst()).allSatisfy { $0.x <= $1.x })
    #expect(thinned.map(\.y).max() == 999 && thinned.map(\.y).min() == 0)
    let gap = [Point(1, 1), Point(.nan, .nan), Point(1.2, 3)]
    #expect(Smoothing.thinned(gap).count == 3 && Smoothing.thinned([]).isEmpty)
    let chart = Self.lossCurves(steps: 100_000)
    #expect(try chart.encoded(as: .svg).count < 2_000_000)
  }

  @Test func oneOutlierDoesNotFlattenTheRest() {
    var values = (0..<1000).map { 0.3 + 0.1 * sin(Double($0) / 50) }
    values[500] = 1e6
    let chart = LineChart(
      title: "", xLabel: "", yLabel: "", series: [.init(name: "a", values: values, isSmoothed: true)])
    #expect(chart.yAxis.high < 1e6)
  }

  @Test(arguments: [4, 200]) func intervalsAreBarsOrABand(count: Int) throws {
    let points = (0..<count).map { Point(Double($0), 0.5) }
    func chart(_ low: [Double], _ high: [Double]) -> LineChart {
      LineChart(
        title: "", xLabel: "", yLabel: "", series: [.init(name: "a", points: points, low: low, high: high)])
    }
    let wide = chart(points.map { _ in 0 }, points.map { _ in 1 })
    let (pixels, box) = (try wide.pixels(), try plot(wide))
    // Between the value and the bound, at the second of four points, or anywhere of many.
    let column = Int(box.x + box.width / (count == 4 ? 3 : 2.1))
    let color = pixels[Int(box.y + 0.3 * box.height), column]
    #expect(Int(color.blue) - Int(color.red) > 20, "\(color)")
    #expect((wide.yAxis.low, wide.yAxis.high) == (0, 1))
    let none = chart(points.map { _ in .nan }, points.map { _ in .nan })
    #expect(try none.pixels() != pixels)
  }

  @Test func gapsAndEmptySeriesDraw() throws {
    let empty = LineChart(title: "Loss", xLabel: "step", yLabel: "loss", series: [])
    let gaps = LineChart(
      title: "Loss", xLabel: "step", yLabel: "loss", series: [.init(name: "a", values: [1, .nan, 3, 4])])
    let (pixels, box) = (try gaps.pixels(), try plot(gaps))
    #expect(try empty.pixels() != pixels)
    // Between the first value and the gap nothing is drawn.
    let column = Int(box.x + box.width / 6)
    #expect(!(Int(box.y)..<Int(box.bottom)).contains { pixels[$0, column] == Color.distinct[0] })
    let one = LineChart(title: "", xLabel: "", yLabel: "", series: [.init(name: "one", values: [0.3])])
    #expect(try one.pixels().rgb != empty.pixels().rgb)
    try ReportsSupport.show(empty, "chart-empty")
  }

  @Test func wordsOfAnyLengthStayInThePicture() throws {
    let long = String(repeating: "very long ", count: 300)
    let series = (0..<50).map { LineChart.Series(name: "\($0) \(long)", values: [Double($0), .nan, 1e300]) }
    let chart = LineChart(
      title: long, subtitle: "\u{202E}\u{0}\n", xLabel: long, yLabel: long, series: series,
      size: Size(400, 240))
    let (pixels, box) = (try chart.pixels(), try plot(chart))
    #expect(box.width > 100 && box.right < 400 && box.bottom < 240)
    let edge = (0..<400).map { pixels[0, $0] } + (0..<240).flatMap { [pixels[$0, 0], pixels[$0, 399]] }
    #expect(edge.allSatisfy { $0 == .white }, "text runs out of the picture")
    try ReportsSupport.expectWellFormed(chart.encoded(as: .svg))
    try ReportsSupport.show(chart, "chart-hostile")
  }

  @Test func lossChartToLookAt() throws {
    var chart = Self.lossCurves(steps: 4000)
    let linear = try chart.pixels()
    try ReportsSupport.show(chart, "chart-linear")
    chart.isLogarithmic = true
    try ReportsSupport.show(chart, "chart-logarithmic")
    try ReportsSupport.show(Self.lossCurves(steps: 12), "chart-short")
    #expect(try linear != chart.pixels())
  }
}

@Suite struct LossChartTests {
  @Test func drawsTheLossAndItsPredictionErrorsAlone() {
    let lines: [[String: Any]] = (1...2).map { step in
      [
        "step": Double(step), "loss": 0.5, "z12": 0.4, "local.z11": 0.3, "patches.z12": 64.0,
        "seconds.local.z1": 0.1, "learning_rate": 1e-4, "vicreg.variance": 2.0,
      ]
    }
    let series = LossChart.series(of: lines)
    #expect(series.map(\.name) == ["loss", "local.z11", "z12"])
    #expect(series.map { $0.points.map(\.y) } == [[0.5, 0.5], [0.3, 0.3], [0.4, 0.4]])
  }
}
