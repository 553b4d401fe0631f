import Foundation
import Imaging
import Testing

extension MaskedTree {
  /// One thing wrong with a collection.
  struct Fault {
    let name: String
    /// Of what an error must say.
    let says: String
    let spoil: (inout MaskedTree) throws -> Void

    init(_ name: String, _ says: String = "", spoil: @escaping (inout MaskedTree) throws -> Void) {
      (self.name, self.says, self.spoil) = (name, says, spoil)
    }

    /// Another row for the radiograph of the table's second line.
    static func row(_ cells: String, _ says: String) -> Fault {
      Fault(cells, says) { $0.lines[1] = "\($0.radiographs[0].name),\(cells)" }
    }

    /// What must be refused.
    static func refused(_ layout: Layout) -> [Fault] {
      let place = (layout.table ?? "") + ", line "
      switch layout {
      case .siim:
        return [
          .row("1048570 7", place + "2: run 1 ends at pixel 1048577, beyond"),
          .row("5 five", place + "2: run 1 is \"5 five\""),
          .row("5 -5", place + "2: run 1 is \"5 -5\""),
          .row("99999999999999999999 5", place + "2: run 1 is \"99999999999999999999 5\""),
          Fault("runs and -1", place + "32: one row says -1") {
            $0.lines.append("\($0.radiographs[0].name),-1")
          },
          Fault("a header alone", "tree") { $0.lines = [$0.lines[0]] },
          Fault("no image", "none of the 20 radiographs that are listed is in the folder") {
            $0.files = [:]
          },
          Fault("no whole image", "tree") { tree in
            for radiograph in tree.radiographs { try tree.truncate(radiograph.file) }
          },
        ]
      case .rsna:
        return [
          .row("300,200,nan,320,1", place + "2: column \"width\": a number is expected, found \"nan\""),
          .row("1e400,200,150,320,1", place + "2: column \"x\": a number is expected, found \"1e400\""),
          Fault("a box without a target", place + "4: Target is 0, but column \"x\" is not empty") {
            $0.lines[3] = "\($0.radiographs[1].name),300,200,150,320,0"
          },
        ]
      case .montgomery:
        return [
          Fault("no mask", "expected masks of the radiographs") {
            $0.files = $0.files.filter { !$0.key.hasPrefix("ManualMask/") }
          }
        ]
      }
    }

    /// What makes one radiograph unusable.
    static func leavingOut(_ victim: Radiograph, of layout: Layout) -> [Fault] {
      let mask = maskFile("left", of: victim)
      return switch layout {
      case .siim:
        [
          Fault("half an image") { try $0.truncate(victim.file) },
          Fault("no byte") { $0.files[victim.file] = Data() },
          Fault("text") { $0.files[victim.file] = Data("hello, world\n".utf8) },
        ]
      case .rsna:
        [
          Fault("a box beyond the image") { tree in
            let line = try #require(tree.lines.firstIndex { $0.hasPrefix(victim.name) })
            tree.lines[line] = "\(victim.name),900,200,150,320,1"
          }
        ]
      case .montgomery:
        [
          Fault("a mask of another shape") {
            $0.files[mask] = try png(GrayImage(width: 200, height: 40, fill: 1))
          },
          Fault("half a mask") { try $0.truncate(mask) },
          Fault("one lung") { $0.files[mask] = nil },
        ]
      }
    }
  }
}
