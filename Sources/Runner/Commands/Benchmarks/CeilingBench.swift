import Console
import CoreTensor
import Foundation

/// The rate at which the matrix library computes a step's products back to back, on operands that are ready: what a
/// step would reach if it did nothing else.
struct CeilingBench {
  struct Row: Codable {
    let product: String
    let m: Int
    let n: Int
    let k: Int
    /// How often a step computes it.
    let calls: Int
    let gigaflopsPerSecond: Double
    let millisecondsPerStep: Double
  }

  struct Result: Codable {
    let model: String
    let batch: Int
    let precision: String
    let threads: Int
    let rows: [Row]
    /// Over all products of a step, each as often as it occurs.
    let ceilingGigaflopsPerSecond: Double
    /// Of the step, timed in the same process: products, attention's included, over the step's time.
    let stepGigaflopsPerSecond: Double
    let share: Double
    /// Multiplications and additions in registers alone.
    let peakGigaflopsPerSecond: Double
  }

  let model: BenchModel
  let steps: Int

  func run() throws -> Result {
    let profiler = ProfilingBackend(model.optimization.backend)
    _ = try model.watched(by: profiler) { try model.step(try model.randomBatch(0)) }
    let operations = profiler.entries.values.reduce(0) { $0 + $1.productOperations }
    let products = profiler.products.sorted { a, b in
      guard a.key.kind == b.key.kind else { return a.key.kind.rawValue < b.key.kind.rawValue }
      return a.key.operations * Double(a.value) > b.key.operations * Double(b.value)
    }
    // Step and products in turn, so that both meet the same machine.
    var (stepTimes, productTimes) = ([Double](), [[Double]](repeating: [], count: products.count))
    var peaks: [Double] = []
    for step in 1...steps {
      let batch = try model.randomBatch(step)
      let began = ProgressReporter.systemClock()
      _ = try model.step(batch)
      stepTimes.append(ProgressReporter.systemClock() - began)
      for (index, product) in products.enumerated() {
        productTimes[index] += times(product.key)
        peaks.append(Compute.registerRate())
      }
    }
    let rows = zip(products, productTimes).map { product, times in
      let seconds = BenchFigures.median(times)
      return Row(
        product: product.key.kind.rawValue, m: product.key.m, n: product.key.n, k: product.key.k,
        calls: product.value, gigaflopsPerSecond: product.key.operations / seconds * 1e-9,
        millisecondsPerStep: seconds * 1e3 * Double(product.value))
    }
    let whole: Double = products.reduce(0) { $0 + $1.key.operations * Double($1.value) }
    let milliseconds: Double = rows.reduce(0) { $0 + $1.millisecondsPerStep }
    let ceiling = whole / milliseconds * 1e-6
    let reached = operations / BenchFigures.median(stepTimes) * 1e-9
    return Result(
      model: model.sizes.size.rawValue, batch: model.sizes.batch,
      precision: model.optimization.backend.activationType.rawValue, threads: Compute.threads, rows: rows,
      ceilingGigaflopsPerSecond: BenchFigures.rounded(ceiling),
      stepGigaflopsPerSecond: BenchFigures.rounded(reached), share: BenchFigures.rounded(reached / ceiling),
      peakGigaflopsPerSecond: BenchFigures.rounded(BenchFigures.median(peaks) * 1e-9))
  }

  /// Seconds of some products of one shape, the right operand packed before.
  private func times(_ product: ProfilingBackend.Product) -> [Double] {
    let backend = model.optimization.backend
    let type = backend.activationType
    let x = Tensor([product.m, product.k], repeating: 0.5)
    let left = Tensor(uninitialized: x.shape, as: type)
    backend.convert(x, into: left)
    let right = Tensor([product.k, product.n], repeating: 0.25)
    let out = Tensor(
      uninitialized: [product.m, product.n], as: product.kind == .weightGradient ? .float32 : type)
    return PackedWeights.keeping {
      backend.product(left, right, .backward, into: out, then: .none)
      return (0..<3).map { _ in
        let began = ProgressReporter.systemClock()
        backend.product(left, right, .backward, into: out, then: .none)
        return ProgressReporter.systemClock() - began
      }
    }
  }
}

extension ProfilingBackend.Product {
  fileprivate var operations: Double { 2 * Double(m * n * k) }
}

extension CeilingBench.Result {
  func text(for terminal: Terminal) -> String {
    var table = TextTable(columns: [
      .init("product"), .init("m", .right), .init("n", .right), .init("k", .right), .init("calls", .right),
      .init("GFLOP/s", .right), .init("ms a step", .right),
    ])
    for row in rows {
      table.add([
        row.product, "\(row.m)", "\(row.n)", "\(row.k)", "\(row.calls)",
        String(format: "%.1f", row.gigaflopsPerSecond), String(format: "%.1f", row.millisecondsPerStep),
      ])
    }
    return table.text(for: terminal)
      + String(
        format:
          "\n%@, batch %d, %@, %d threads: products back to back %.1f GFLOP/s, the step %.1f GFLOP/s: %.1f %%\n"
          + "float32 multiplications and additions in registers alone: %.1f GFLOP/s",
        model, batch, precision, threads, ceilingGigaflopsPerSecond, stepGigaflopsPerSecond, 100 * share,
        peakGigaflopsPerSecond)
  }
}
