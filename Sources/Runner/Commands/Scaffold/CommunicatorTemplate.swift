/// What a communicator of a user's own begins as: processes that share a folder, and write what they send as files.
enum CommunicatorTemplate {
  static let source = #"""
    import CoreTensor
    import Foundation
    import WorldModel

    @c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
      pluginInformation(name: "{name}", version: "0.1.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
        $0.register({module}.definition)
      }
    }

    /// Moves tensors as files of a folder that all processes see: put calls of your network in their place.
    public final class {module}: Communicator, @unchecked Sendable {
      public static let definition = CommunicatorDefinition(
        name: "{name}", summary: "files of a folder that all processes see",
        options: [
          OptionDeclaration(
            "folder", .text(default: ""),
            help: "Folder that all processes see; empty = one of the machine's temporary files, for one machine.")
        ],
        // Only where run.communicator names it.
        suits: { _, _ in false },
        join: { options, request in try {module}(options.text("folder"), request.launch) })

      public let name = "{name}"
      public let rank: Int
      public let size: Int
      private let folder: String
      /// Calls made so far, which are the same on every rank.
      private var calls = 0

      init(_ folder: String, _ launch: LaunchEnvironment) throws {
        (rank, size) = (launch.rank, launch.size)
        let shared = folder.isEmpty ? NSTemporaryDirectory() + "/{name}" : folder
        // The launcher is every process's parent; another run of it has another.
        self.folder = shared + "/\(getppid())"
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
      }

      public func moves(_ device: any Device) -> Bool { device === CPUDevice.shared }

      public func broadcast(_ x: Tensor, from root: Int) throws {
        let all = try share(rank == root ? bytes(of: x) : Data())
        write(all[root], to: x)
      }

      public func exchange(_ x: Tensor, into out: Tensor) throws {
        let part = out.count / size * out.elementType.byteCount
        let all = try share(bytes(of: x))
        write(all.reduce(Data()) { $0 + $1.dropFirst(rank * part).prefix(part) }, to: out)
      }

      public func gather(_ x: Tensor, into out: Tensor) throws {
        write(try share(bytes(of: x)).reduce(Data(), +), to: out)
      }

      public func barrier() throws { _ = try share(Data()) }

      public func abort(status: Int32) -> Never {
        try? Data().write(to: URL(fileURLWithPath: folder + "/ended"))
        exit(status)
      }

      /// What every rank gives to this call, in order of ranks.
      private func share(_ own: Data) throws -> [Data] {
        calls += 1
        try own.write(to: file(calls, rank), options: .atomic)
        let all = try (0..<size).map { try read(calls, $0) }
        // Whoever is here has read what was given to the call before.
        if calls > 1 { try? FileManager.default.removeItem(at: file(calls - 1, rank)) }
        return all
      }

      private func read(_ call: Int, _ rank: Int) throws -> Data {
        while true {
          if let found = try? Data(contentsOf: file(call, rank)) { return found }
          if FileManager.default.fileExists(atPath: folder + "/ended") {
            throw CommunicationError("{name}: another process has ended")
          }
          usleep(500)
        }
      }

      private func file(_ call: Int, _ rank: Int) -> URL { URL(fileURLWithPath: folder + "/\(call)-\(rank)") }

      private func bytes(of x: Tensor) -> Data {
        Data(bytes: x.address(on: CPUDevice.shared), count: x.count * x.elementType.byteCount)
      }
      private func write(_ data: Data, to x: Tensor) {
        let size = x.count * x.elementType.byteCount
        require(data.count == size, "{name}: \(data.count) bytes for \(size)")
        data.copyBytes(to: x.address(on: CPUDevice.shared).assumingMemoryBound(to: UInt8.self), count: size)
      }
    }

    """#

  static let tests = #"""
    {imports}

    /// Among one process. `mpirun -n 3 chex-runner plugins check {name}` tries it among several.
    @Test func keepsEveryPromise() {
      for check in checkCommunicator({module}.definition) {
        #expect(check.problem == nil, "\(check.promise)")
      }
    }

    """#

  static let readme = """
    # {name}

    A communicator for CheX World: files of a folder that all processes see, until you put your network in its place.

    ```sh
    swift test                                           # its own tests, among one process
    mpirun -n 3 chex-runner plugins check {name}         # every promise, among three
    mpirun -n 2 chex-runner --preset quick --set run.communicator={name} --out runs/two
    ```

    Every rank makes the same calls in the same order. Nothing is added up on the way: the core adds in an order of its
    own, so that the bits of a run do not depend on the number of processes.
    """
}
