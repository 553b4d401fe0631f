/// What a backend of a user's own begins as: memory of the host, and the primitives as plain loops.
enum BackendTemplate {
  static let source = #"""
    import CoreTensor
    import Foundation
    import WorldModel

    @c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
      pluginInformation(name: "{name}", version: "0.1.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
        $0.register({module}.definition)
      }
    }

    /// A place with memory of its own: put calls of your device in place of the host's.
    final class {module}Device: Device {
      static let shared = {module}Device()
      let name = "{name}"
      var backend: any Backend { {module}(.float32) }

      func allocate(byteCount: Int) -> DeviceMemory {
        let start = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
        return DeviceMemory(address: start, byteCount: byteCount)
      }
      func release(_ memory: DeviceMemory) { memory.address.deallocate() }
      func upload(_ source: UnsafeRawBufferPointer, to destination: UnsafeMutableRawPointer) {
        if let start = source.baseAddress { destination.copyMemory(from: start, byteCount: source.count) }
      }
      func download(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawBufferPointer) {
        destination.copyMemory(from: UnsafeRawBufferPointer(start: source, count: destination.count))
      }
      func copy(_ source: UnsafeRawPointer, to destination: UnsafeMutableRawPointer, byteCount: Int) {
        destination.copyMemory(from: source, byteCount: byteCount)
      }
      func fill(_ destination: UnsafeMutableRawPointer, with value: Float, count: Int) {
        destination.assumingMemoryBound(to: Float.self).update(repeating: value, count: count)
      }
      func synchronize() {}
    }

    /// The primitives. Every other operation is made of them by the core, until you override it with something faster.
    public struct {module}: Backend {
      public static let definition = BackendDefinition(
        name: "{name}", summary: "plain loops, until a device is put in their place",
        make: { _, request in
          guard request.place.isEmpty else { throw NoSuchPlace(place: request.place) }
          return {module}(request.precision ?? .float32)
        })

      public let activationType: ElementType
      public var device: any Device { {module}Device.shared }
      init(_ type: ElementType) { activationType = type }

      private func floats(_ x: Tensor) -> UnsafeMutablePointer<Float> {
        x.address(on: device).assumingMemoryBound(to: Float.self)
      }

      public func convert(_ x: Tensor, into out: Tensor) {
        let (from, to) = (x.address(on: device), out.address(on: device))
        for index in 0..<out.count {
          let value: Float =
            x.elementType == .float32
            ? from.load(fromByteOffset: 4 * index, as: Float.self)
            : Float(bitPattern: UInt32(from.load(fromByteOffset: 2 * index, as: UInt16.self)) << 16)
          if out.elementType == .float32 {
            to.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self)
          } else {
            to.storeBytes(of: Self.half(value), toByteOffset: 2 * index, as: UInt16.self)
          }
        }
      }

      /// The nearest bfloat16; of two, the even one.
      private static func half(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        guard !value.isNaN else { return UInt16(bits >> 16) | 0x40 }
        return UInt16((UInt64(bits) + 0x7fff + UInt64(bits >> 16 & 1)) >> 16)
      }

      public func map(_ function: UnaryFunction, _ x: Tensor, into out: Tensor) {
        let (from, to) = (floats(x), floats(out))
        for index in 0..<out.count { to[index] = function(from[index]) }
      }

      public func combine(_ function: BinaryFunction, _ a: Tensor, _ b: Tensor, into out: Tensor) {
        let (left, right, to) = (floats(a), floats(b), floats(out))
        eachPlace(out.shape, [steps(a, out.shape), steps(b, out.shape)]) { index, places in
          to[index] = function(left[places[0]], right[places[1]])
        }
      }

      public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor, into out: Tensor) {
        let (chosen, left, right, to) = (floats(condition), floats(a), floats(b), floats(out))
        eachPlace(out.shape, [condition, a, b].map { steps($0, out.shape) }) { index, places in
          to[index] = chosen[places[0]] != 0 ? left[places[1]] : right[places[2]]
        }
      }

      public func reduce(_ reduction: Reduction, _ x: Tensor, over axes: [Int], into out: Tensor) {
        let (from, to) = (floats(x), floats(out))
        to.update(repeating: reduction == .sum ? 0 : -.infinity, count: out.count)
        eachPlace(x.shape, [steps(out, x.shape)]) { index, places in
          let value = from[index]
          switch reduction {
          case .sum: to[places[0]] += value
          case .maximum: to[places[0]] = BinaryFunction.maximum(to[places[0]], value)
          }
        }
      }

      public func multiplyMatrices(
        _ a: Tensor, transposingA: Bool, _ b: Tensor, transposingB: Bool, into out: Tensor, accumulate: Bool
      ) {
        let (m, n) = (out.shape[out.shape.count - 2], out.shape[out.shape.count - 1])
        let k = a.shape[a.shape.count - (transposingA ? 2 : 1)]
        let (left, right, to) = (floats(a), floats(b), floats(out))
        for place in 0..<out.count {
          let (matrix, row, column) = (place / (m * n), place / n % m, place % n)
          var sum: Float = accumulate ? to[place] : 0
          for i in 0..<k {
            let x = left[matrix * m * k + (transposingA ? i * m + row : row * k + i)]
            sum += x * right[matrix * k * n + (transposingB ? column * k + i : i * n + column)]
          }
          to[place] = sum
        }
      }

      public func copyStrided(
        _ x: Tensor, _ source: StridedPlace, to out: Tensor, _ destination: StridedPlace, sizes: [Int]
      ) {
        let (from, to, size) = (x.address(on: device), out.address(on: device), out.elementType.byteCount)
        eachPlace(sizes, [source.strides, destination.strides]) { _, places in
          (to + (destination.start + places[1]) * size)
            .copyMemory(from: from + (source.start + places[0]) * size, byteCount: size)
        }
      }

      public func gatherRows(_ x: Tensor, _ rows: [Int], into out: Tensor) {
        let size = out.shape[out.shape.count - 1] * out.elementType.byteCount
        let (from, to) = (x.address(on: device), out.address(on: device))
        for (index, row) in rows.enumerated() {
          (to + index * size).copyMemory(from: from + row * size, byteCount: size)
        }
      }

      public func scatterRows(_ x: Tensor, _ rows: [Int], into out: Tensor) {
        let (columns, from, to) = (x.shape[x.shape.count - 1], floats(x), floats(out))
        for (index, row) in rows.enumerated() {
          for column in 0..<columns { to[row * columns + column] += from[index * columns + column] }
        }
      }

      /// How far apart the numbers of x lie along the axes of a shape that it is repeated to.
      private func steps(_ x: Tensor, _ shape: [Int]) -> [Int] {
        var (steps, step) = ([Int](), 1)
        for size in x.shape.reversed() {
          steps.insert(size == 1 ? 0 : step, at: 0)
          step *= size
        }
        return Array(repeating: 0, count: shape.count - steps.count) + steps
      }

      /// Calls `body` with the number of each index of a shape, and where arrays of such steps have it.
      private func eachPlace(_ shape: [Int], _ steps: [[Int]], _ body: (Int, [Int]) -> Void) {
        var (index, places) = ([Int](repeating: 0, count: shape.count), [Int](repeating: 0, count: steps.count))
        for number in 0..<shape.reduce(1, *) {
          body(number, places)
          for axis in shape.indices.reversed() {
            index[axis] += 1
            for array in steps.indices { places[array] += steps[array][axis] }
            if index[axis] < shape[axis] { break }
            index[axis] = 0
            for array in steps.indices { places[array] -= steps[array][axis] * shape[axis] }
          }
        }
      }
    }

    struct NoSuchPlace: Error, CustomStringConvertible {
      let place: String
      var description: String { "{name}: expected no place, found \"\(place)\"; write --device {name}" }
    }

    """#

  static let tests = #"""
    {imports}

    @Test func keepsEveryPromise() {
      #expect(checkBackend({module}.definition).filter { !$0.isKept } == [])
    }

    """#

  static let readme = #"""
    # {name}

    A device for CheX World: memory of the host and plain loops, until you put yours in their place.

    ```sh
    swift test -c release                  # holds the backend to every promise of the protocol; the first time builds the core too
    chex-runner plugins check .                                   # the same
    ```

    In the folder of the `plugins.toml` that lists it, or with `--plugins FILE`:

    ```sh
    chex-runner --preset quick --device {name} --dry-run          # a step on the device
    ```

    `Sources/{module}/{module}.swift` is all there is. The device allocates and moves memory; the backend computes. What it
    does not implement (attention, layer norm, convolutions, the optimiser) the core makes of the primitives: override an
    operation of `Backend` when you have something faster.

    """#
}
