import CoreTensor
import Foundation
import NeuralNetworks
import TestSupport
import Testing
import WorldModel

@testable import Commands
@testable import Weights

/// Files that PyTorch itself writes and reads. `CHEX_PYTHON` names a Python with torch and NumPy.
@Suite(.enabled(if: PyTorch.python != nil, "needs a Python with torch and NumPy (CHEX_PYTHON)"))
struct WeightsPythonTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// A vision transformer in plain PyTorch by `config.json`, and timm's own where timm is installed: tokens, then their
  /// mean, as float32.
  private static let reader = #"""
    import json, struct, sys, torch, numpy as np, torch.nn.functional as F
    folder, images = sys.argv[1], np.fromfile(sys.argv[2], np.float32)
    blob = open(folder + "/model.safetensors", "rb").read()
    size = struct.unpack("<Q", blob[:8])[0]
    w = {}
    for name, entry in json.loads(blob[8:8 + size]).items():
        if name != "__metadata__":
            a, b = entry["data_offsets"]
            w[name] = torch.from_numpy(np.frombuffer(blob[8 + size + a:8 + size + b], np.float32).copy()).reshape(entry["shape"])
    c = json.load(open(folder + "/config.json"))["model_args"]
    assert not c["class_token"] and not c["fc_norm"] and c["global_pool"] == "avg" and c["qkv_bias"]
    d, h = c["embed_dim"], c["num_heads"]
    x = torch.from_numpy(images).reshape(-1, 3, c["img_size"], c["img_size"])
    def norm(x, name): return F.layer_norm(x, (d,), w[name + ".weight"], w[name + ".bias"], 1e-6)
    def dense(x, name): return F.linear(x, w[name + ".weight"], w[name + ".bias"])
    with torch.no_grad():
        t = F.conv2d(x, w["patch_embed.proj.weight"], w["patch_embed.proj.bias"], stride=c["patch_size"])
        t = t.flatten(2).transpose(1, 2) + w["pos_embed"]
        for i in range(c["depth"]):
            p = f"blocks.{i}."
            q, k, v = dense(norm(t, p + "norm1"), p + "attn.qkv").reshape(len(x), -1, 3, h, d // h).permute(2, 0, 3, 1, 4)
            a = (q @ k.transpose(-2, -1) / (d // h) ** 0.5).softmax(-1) @ v
            t = t + dense(a.transpose(1, 2).reshape(len(x), -1, d), p + "attn.proj")
            t = t + dense(F.gelu(dense(norm(t, p + "norm2"), p + "mlp.fc1")), p + "mlp.fc2")
        t = norm(t, "norm")
        try: import timm
        except ImportError: timm = None
        if timm:
            m = timm.create_model("local-dir:" + folder, pretrained=True).eval()
            assert (m.forward_features(x) - t).abs().max() < 1e-5 * t.abs().max(), "timm's tokens differ"
            assert (m(x) - t.mean(1)).abs().max() < 1e-5 * t.abs().max(), "timm's pooling differs"
    t.numpy().tofile(sys.argv[3]); t.mean(1).numpy().tofile(sys.argv[4])
    print("timm" if timm else "plain")
    """#

  @Test func exportedEncoderGivesTheSameFeatures() throws {
    let shape = VisionTransformerConfiguration(
      imageSize: 48, patchSize: 8, width: 64, depth: 3, heads: 4, positionOrder: .columnFirst)
    var initializer = Initializer(random: RandomStream(seed: 9, stream: "export"))
    let encoder = VisionTransformer(shape, initializer: &initializer)
    var random = RandomStream(seed: 9, stream: "noise")
    // Norms, biases and tables too, or some of them could be lost unnoticed.
    for entry in encoder.entries {
      for index in 0..<entry.parameter.tensor.count {
        entry.parameter.tensor.pointer[index] += Float(0.1 * random.normal())
      }
    }
    let images = Tensor((0..<3 * 3 * 48 * 48).map { _ in Float(random.normal()) }, shape: [3, 3, 48, 48])
    let paths = ["vit", "images", "tokens", "pooled"].map { folder.path + "/" + $0 }
    let model = ExportedModel(
      shape: WorldModelConfiguration(
        encoder: shape,
        predictor: PredictorConfiguration(featureWidth: 64, width: 32, depth: 1, heads: 4, gridSize: 6)),
      parameters: encoder.entries.map {
        .init(name: "encoder." + $0.name, shape: $0.parameter.shape, values: $0.parameter.tensor.values)
      }, run: "test", step: 3, encoder: "target")
    let family = try #require(WeightsFamilies.shipped().all.first { $0.name == "timm" })
    #expect(
      try WeightsExport.write(model, as: family, among: .shipped(), to: paths[0]).tensors
        == encoder.entries.count)
    try Bytes.write(images.values.withUnsafeBytes { Array($0) }, to: paths[1])
    try PyTorch.run(try #require(PyTorch.python), Self.reader, paths)
    let ours = encoder(images).values
    var pooled = [Float](repeating: 0, count: 3 * 64)
    for index in ours.indices { pooled[index / (36 * 64) * 64 + index % 64] += ours[index] / 36 }
    let scale = ours.map(abs).max() ?? 0
    for (path, expected) in [(paths[2], ours), (paths[3], pooled)] {
      let found = try Bytes.read(path).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
      #expect(found.count == expected.count)
      let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
      #expect(worst <= 1e-5 * scale, "\(worst) of \(scale)")
    }
  }

  private static let timmReader = #"""
    import sys, torch, timm, numpy as np
    folder, images, tokens, size, channels = *sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5])
    m = timm.create_model("local-dir:" + folder, pretrained=True).eval()
    x = torch.from_numpy(np.fromfile(images, np.float32)).reshape(-1, 3, size, size)[:, :channels]
    with torch.no_grad(): t = m.forward_features(x)
    t[:, m.num_prefix_tokens:].contiguous().numpy().tofile(tokens)
    """#

  private static func designs() -> [(family: String, design: EncoderDesign)] {
    var registers = EncoderDesign.plain
    (registers.hasClassToken, registers.registers, registers.positions) = (true, 4, .learned)
    registers.blocks.layerScale = 0.1
    var gates = registers
    gates.blocks.feedForward = .swiGLU
    var grey = EncoderDesign.plain
    (grey.channels, grey.hasClassToken) = (1, true)
    grey.blocks.normalizesQueriesKeys = true
    grey.blocks.projectionBias = .none
    var turning = gates
    (turning.positions, turning.rotary) = (.learnedAndRotary, .init(base: 500, grid: 5))
    turning.blocks.projectionBias = .queriesValues
    var table = EncoderDesign.plain
    table.hasClassToken = true
    table.blocks.projectionBias = .queriesValues
    var normed = EncoderDesign.plain
    (normed.positions, normed.rotary) = (.rotary, .init(base: 10_000, grid: 3))
    normed.blocks.normalizesHidden = true
    normed.blocks.projectionBias = .none
    return [registers, gates, grey].map { ("timm", $0) } + [turning, table, normed].map { ("eva", $0) }
      + (PyTorch.timmHasDINOv3 ? newer(turning).map { ("eva", $0) } : [])
  }

  /// Rotary positions and norms of queries and keys as timm has had them since DINOv3.
  private static func newer(_ turning: EncoderDesign) -> [EncoderDesign] {
    var epsilon = turning
    epsilon.blocks.normEpsilon = 1e-5
    var shares = epsilon
    (shares.positions, shares.rotary) = (.rotary, .init(base: 50))
    shares.blocks.normalizesQueriesKeys = true
    var both = shares
    both.positions = .learnedAndRotary
    both.blocks.normEpsilon = 1e-6
    return [epsilon, shares, both]
  }

  /// With class token, registers, layer scale, gates, norms of queries and keys, one channel, rotary positions.
  @Test(.enabled(if: PyTorch.timm != nil, "needs timm"), arguments: designs())
  func exportedDesignsGiveTheSameFeatures(name: String, design: EncoderDesign) throws {
    let shape = VisionTransformerConfiguration(
      imageSize: 28, patchSize: 14, width: 64, depth: 2, heads: 4, design: design)
    var initializer = Initializer(random: RandomStream(seed: 9, stream: "export"))
    let encoder = VisionTransformer(shape, initializer: &initializer)
    var random = RandomStream(seed: 9, stream: "noise")
    for entry in encoder.entries {
      entry.parameter.assign(entry.parameter.tensor.values.map { $0 + Float(0.1 * random.normal()) })
    }
    let images = Tensor((0..<2 * 3 * 28 * 28).map { _ in Float(random.normal()) }, shape: [2, 3, 28, 28])
    let paths = ["vit", "images", "tokens"].map { folder.path + "/" + $0 }
    let model = ExportedModel(
      shape: WorldModelConfiguration(
        encoder: shape,
        predictor: PredictorConfiguration(featureWidth: 64, width: 32, depth: 1, heads: 4, gridSize: 2)),
      parameters: encoder.entries.map {
        .init(name: "encoder." + $0.name, shape: $0.parameter.shape, values: $0.parameter.tensor.values)
      }, run: "test", step: 3, encoder: "target")
    let family = try #require(WeightsFamilies.shipped().all.first { $0.name == name })
    _ = try WeightsExport.write(model, as: family, among: .shipped(), to: paths[0])
    try Bytes.write(images.values.withUnsafeBytes { Array($0) }, to: paths[1])
    try PyTorch.run(
      try #require(PyTorch.python), Self.timmReader, paths + ["28", "\(design.channels)"])
    let found = try Bytes.read(paths[2]).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    let ours = encoder(images).values
    #expect(found.count == ours.count)
    let scale = ours.map(abs).max() ?? 0
    let worst = zip(found, ours).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst <= 1e-5 * scale, "\(worst) of \(scale)")
  }

  private static let writer = #"""
    import argparse, collections, sys, torch
    out = sys.argv[1]
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    state = collections.OrderedDict(plain=base, turned=base.t(), part=base[1:3, ::2], half=base.half(),
        brain=base.bfloat16(), double=base.double(), whole=torch.arange(4), flags=torch.tensor([True, False]),
        parameter=torch.nn.Parameter(base * 2), none=torch.zeros(0, 3), one=torch.tensor(7.5))
    content = {"model": state, "epoch": 3, "best": 0.5, "names": ["a", "b"], "args": argparse.Namespace(lr=1e-3, betas=(0.9, 0.95), out=None),
        "set": {1, 2}, "raw": b"\x00\xff", "big": 10**15}
    for protocol in (2, 3, 4, 5):
        torch.save(content, f"{out}/p{protocol}.pt", pickle_protocol=protocol)
    torch.save(content, out + "/old.pt", _use_new_zipfile_serialization=False)
    class Odd: pass
    import pathlib
    torch.save({"model": state, "where": pathlib.PurePosixPath("/x")}, out + "/path.pt")
    try:
        torch.serialization.set_crc32_options(False)
        torch.save(content, out + "/nocrc.pt")
    except AttributeError: torch.save(content, out + "/nocrc.pt")
    """#

  @Test func whatPyTorchWritesReads() throws {
    try PyTorch.run(try #require(PyTorch.python), Self.writer, [folder.path])
    let base = (0..<24).map(Float.init)
    let turned = (0..<6).flatMap { column in (0..<4).map { Float(6 * $0 + column) } }
    for name in ["p2", "p3", "p4", "p5", "nocrc"] {
      let file = try WeightsFile(path: folder.path + "/\(name).pt")
      let tensors = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0) })
      func floats(_ name: String) throws -> [Float] {
        try file.floats(of: try #require(tensors["model." + name]))
      }
      #expect(tensors.count == 11)
      for same in ["plain", "half", "brain", "double"] {
        #expect(try floats(same) == base, "\(name) \(same)")
      }
      #expect(try floats("turned") == turned && tensors["model.turned"]?.shape == [6, 4])
      #expect(try floats("part") == [6, 8, 10, 12, 14, 16])
      #expect(try floats("parameter") == base.map { 2 * $0 })
      #expect(try floats("none") == [] && floats("one") == [7.5])
      #expect(
        tensors["model.whole"]?.type == "I64" && tensors["model.flags"]?.type == "BOOL")
      let remarks = Dictionary(uniqueKeysWithValues: file.remarks.map { ($0.name, $0.text) })
      #expect(
        remarks["args.lr"] == "0.001" && remarks["args.betas"] == "[0.9, 0.95]"
          && remarks["args.out"] == "None")
      #expect(remarks["epoch"] == "3" && remarks["raw"] == "2 bytes" && remarks["big"] == "1000000000000000")
    }
    let old = #expect(throws: WeightsFileError.self) { try WeightsFile(path: folder.path + "/old.pt") }
    #expect("\(old!)".contains("before version 1.6"))
    let odd = #expect(throws: WeightsFileError.self) { try WeightsFile(path: folder.path + "/path.pt") }
    #expect("\(odd!)".contains("refers to pathlib.PurePosixPath"), "\(odd!)")
  }

  private static let resampler = #"""
    import sys, torch, numpy as np, torch.nn.functional as F
    out = sys.argv[1]
    def told(name, t): t.numpy().astype(np.float32).tofile(f"{out}/{name}")
    torch.manual_seed(0)
    for a, b in ((14, 24), (14, 7), (5, 6)):
        table = torch.randn(1, a * a, 8); told(f"table{a}{b}", table)
        grid = table.reshape(1, a, a, 8).permute(0, 3, 1, 2)
        told(f"tables{a}{b}", F.interpolate(grid, (b, b), mode="bicubic", antialias=True).permute(0, 2, 3, 1).reshape(1, b * b, 8))
        kernel = torch.randn(4, 3, a, a); told(f"kernel{a}{b}", kernel)
        columns = [F.interpolate(e.reshape(1, 1, a, a), (b, b), mode="bicubic", antialias=True).flatten() for e in torch.eye(a * a)]
        inverse = torch.linalg.pinv(torch.stack(columns).double())
        told(f"kernels{a}{b}", (kernel.reshape(-1, a * a).double() @ inverse.T).reshape(4, 3, b, b))
    """#

  @Test func resamplingIsPyTorchs() throws {
    try PyTorch.run(try #require(PyTorch.python), Self.resampler, [folder.path])
    func read(_ name: String) throws -> [Float] {
      try Bytes.read(folder.path + "/" + name).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }
    for (from, to) in [(14, 24), (14, 7), (5, 6)] {
      let tables = CubicResampling.positions(try read("table\(from)\(to)"), width: 8, from: from, to: to)
      let kernels = CubicResampling.kernels(try read("kernel\(from)\(to)"), from: from, to: to)
      for (ours, theirs) in [
        (tables, try read("tables\(from)\(to)")), (kernels, try read("kernels\(from)\(to)")),
      ] {
        #expect(ours.count == theirs.count)
        let scale = theirs.map(abs).max() ?? 0
        let worst = zip(ours, theirs).map { abs($0 - $1) }.max() ?? .infinity
        #expect(worst <= 1e-4 * scale, "\(from) → \(to): \(worst) of \(scale)")
      }
    }
  }
}
