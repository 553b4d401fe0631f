import CoreTensor
import Foundation
import Testing

@testable import Figures
@testable import Runner

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
        .init(name: "held out", values: curve(0.95, 0.27, 0), isDashed: true),
      ])
  }

  @Test func drawsEachLineWhereItsValuesLie() throws {
    let chart = LineChart(
      title: "Rise", xLabel: "step", yLabel: "value",
      series: [.init(name: "line", values: [0, 1, 2, 3, 4], color: Color(255, 0, 0))])
    let canvas = chart.draw(width: 640, height: 400)
    let box = chart.plotBox(width: 640, height: 400)
    for value in 1..<4 {
      let x = box.x + Double(value) / 4 * box.width
      let y = box.bottom - Double(value) / 4 * box.height
      let pixel = canvas[Int(y), Int(x)]
      #expect(pixel.red > 200 && pixel.green < 90, "value \(value): \(pixel)")
    }
    #expect(canvas[Int(box.y) + 5, Int(box.x) + 20] == .white)
  }

  @Test func smoothedLineIsTheRunningMeanAndEndsWhereTheDataDo() {
    let points = (0..<800).map { Point(Double($0), $0 % 2 == 0 ? 0 : 1) }
    let smoothed = LineChart.smoothed(points)
    #expect(smoothed.count == 800)
    #expect(smoothed.dropFirst(20).dropLast(20).allSatisfy { abs($0.y - 0.5) < 0.03 })
    let line = (0..<800).map { Point(Double($0), Double($0) * 2) }
    #expect(zip(LineChart.smoothed(line), line).allSatisfy { abs($0.y - $1.y) < 1e-6 })
  }

  @Test func dashesLeaveGaps() {
    let pieces = Stroke.dashed([Point(0, 0), Point(10, 0), Point(10, 10)], pattern: [6, 2])
    let expected: [[Point]] = [
      [Point(0, 0), Point(6, 0)], [Point(8, 0), Point(10, 0), Point(10, 4)], [Point(10, 6), Point(10, 10)],
    ]
    #expect(pieces == expected)
  }

  @Test func oneOutlierDoesNotFlattenTheRest() {
    var values = (0..<1000).map { 0.3 + 0.1 * sin(Double($0) / 50) }
    values[500] = 1e6
    let chart = LineChart(
      title: "", xLabel: "", yLabel: "", series: [.init(name: "a", values: values, isSmoothed: true)])
    #expect(chart.yAxis.high < 1e6)
  }

  @Test func gapsAndEmptySeriesDraw() throws {
    let empty = LineChart(title: "Loss", xLabel: "step", yLabel: "loss", series: [])
    let gaps = LineChart(
      title: "Loss", xLabel: "step", yLabel: "loss",
      series: [.init(name: "a", values: [1, .nan, 3, 4], color: Color(255, 0, 0))])
    #expect(empty.draw() != gaps.draw())
    let box = gaps.plotBox(width: 1000, height: 560)
    let canvas = gaps.draw()
    // Between the first value and the gap nothing is drawn.
    let column = Int(box.x + box.width / 6)
    let red = (Int(box.y)..<Int(box.bottom)).filter { canvas[$0, column] == Color(255, 0, 0) }
    #expect(red.isEmpty)
    try ReportsSupport.show(empty.draw(), "chart-empty")
  }

  @Test func lossChartToLookAt() throws {
    var chart = Self.lossCurves(steps: 4000)
    let linear = chart.draw()
    try ReportsSupport.show(linear, "chart-linear")
    chart.isLogarithmic = true
    try ReportsSupport.show(chart.draw(), "chart-logarithmic")
    try ReportsSupport.show(Self.lossCurves(steps: 12).draw(), "chart-short")
    #expect(linear != chart.draw())
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
