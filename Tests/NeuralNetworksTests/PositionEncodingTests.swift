import CoreTensor
import Foundation
import TestSupport
import Testing

@testable import NeuralNetworks

/// `[sin(r ω), cos(r ω), sin(c ω), cos(c ω)]` with `ω_k = 10000^(-k/(D/4))`.
@Suite struct PositionEncodingTests {
  static func expected(_ row: Double, _ column: Double, _ width: Int, _ order: PositionOrder) -> [Float] {
    let quarter = width / 4
    func half(_ coordinate: Double) -> [Float] {
      let angles = (0..<quarter).map { coordinate / pow(10_000, Double($0) / Double(quarter)) }
      return angles.map { Float(sin($0)) } + angles.map { Float(cos($0)) }
    }
    return order == .rowFirst ? half(row) + half(column) : half(column) + half(row)
  }

  static let places: [(row: Double, column: Double)] = [
    (0, 0), (1, 2), (2, 1), (0.5, -3.25), (13, 13), (-13.75, 0.125), (1, 2), (2, 2), (0.5, 0.5), (100, -0.0),
  ]

  @Test(arguments: [4, 8, 192], PositionOrder.allCases)
  func followsTheFormula(width: Int, order: PositionOrder) {
    let encoding = PositionEncoding(width: width, order: order)
    let out = Tensor([Self.places.count, width], repeating: .nan)
    encoding.write(Self.places.count, place: { Self.places[$0] }, to: out.pointer)
    let expected = Self.places.flatMap { Self.expected($0.row, $0.column, width, order) }
    for (position, (a, e)) in zip(out.values, expected).enumerated() {
      let difference = abs(a - e)
      #expect(difference <= 1e-6, "place \(Self.places[position / width]), value \(position % width)")
    }
  }

  /// What travels to another device in halves is what is written here, to the bit.
  @Test(arguments: PositionOrder.allCases)
  func encodingsOfImages(order: PositionOrder) {
    let encoding = PositionEncoding(width: 12, order: order)
    let places: [[(row: Double, column: Double)]] = [
      [(0, 1), (0, 2), (3.25, 1)], [(0, 1), (-7, 0.5), (0, 1)], [(3.25, 2), (1, 1), (2, 3.25)],
    ]
    let expected = places.joined().flatMap { Self.expected($0.row, $0.column, 12, order) }
    let written = encoding.encodings(images: 3, places: 3, on: CPUDevice.shared) { places[$0][$1] }
    let gathered = encoding.gatheredEncodings(images: 3, places: 3, on: CPUDevice.shared) { places[$0][$1] }
    #expect(written.shape == [3, 3, 12] && gathered.shape == written.shape)
    #expect(relativeDifference(written.values, expected) < 1e-6)
    #expect(gathered.values == written.values)
    let none = encoding.gatheredEncodings(images: 2, places: 0, on: CPUDevice.shared) { places[$0][$1] }
    #expect(none.shape == [2, 0, 12])
  }

  @Test func ordersSwapTheHalves() {
    let tables = PositionOrder.allCases.map { PositionEncoding(width: 8, order: $0).grid(3).values }
    for place in 0..<9 {
      let swapped = place % 3 * 3 + place / 3
      #expect(tables[0][place * 8..<place * 8 + 8] == tables[1][swapped * 8..<swapped * 8 + 8])
    }
    #expect(PositionOrder.rowFirst.rawValue == "hw" && PositionOrder.columnFirst.rawValue == "wh")
  }

  @Test(arguments: PositionOrder.allCases)
  func gridsAreInRasterOrder(order: PositionOrder) {
    let table = PositionEncoding(width: 16, order: order).grid(5)
    #expect(table.shape == [1, 25, 16] && !table.requiresGradient)
    let expected = (0..<25).flatMap { Self.expected(Double($0 / 5), Double($0 % 5), 16, order) }
    #expect(relativeDifference(table.values, expected) < 1e-6)
  }

  @Test func positionsAreRowsOfTheTable() {
    let table = Parameter(PositionEncoding(width: 4, order: .rowFirst).grid(3), trainable: false)
    let picked = positions(table, [[8, 0], [4, 4], [1, 7]])
    #expect(picked.shape == [3, 2, 4] && !picked.requiresGradient)
    #expect(picked.values == rows(table.tensor, image: 0, [8, 0, 4, 4, 1, 7]))
  }

  /// A table that is trained gets a gradient from every place that took a row of it.
  @Test func aTrainedTableLearns() {
    let table = Parameter(PositionEncoding(width: 4, order: .rowFirst).grid(3))
    let report = checkGradient(parameters: [table]) { positions(table, [[8, 0], [4, 8], [8, 8]]) }
    #expect(report.passes, "\(report)")
  }

  @Test func wrongUseStops() async {
    await #expect(processExitsWith: .failure) { _ = PositionEncoding(width: 6, order: .rowFirst) }
    await #expect(processExitsWith: .failure) {
      _ = positions(Parameter(Tensor.zeros([1, 9, 4])), [[9]])
    }
  }
}
