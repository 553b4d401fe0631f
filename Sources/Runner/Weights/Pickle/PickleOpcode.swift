/// Operations of pickles, by the names of Python's documentation.
enum PickleOpcode: UInt8 {
  case mark = 0x28, stop = 0x2e, pop = 0x30, popMark = 0x31, dup = 0x32
  case proto = 0x80, frame = 0x95
  case none = 0x4e, newTrue = 0x88, newFalse = 0x89
  case binInt = 0x4a, binInt1 = 0x4b, binInt2 = 0x4d, long1 = 0x8a, long4 = 0x8b, binFloat = 0x47
  case binUnicode = 0x58, shortBinUnicode = 0x8c, binUnicode8 = 0x8d
  case binString = 0x54, shortBinString = 0x55
  case binBytes = 0x42, shortBinBytes = 0x43, binBytes8 = 0x8e, byteArray8 = 0x96
  case emptyList = 0x5d, list = 0x6c, append = 0x61, appends = 0x65
  case emptyTuple = 0x29, tuple = 0x74, tuple1 = 0x85, tuple2 = 0x86, tuple3 = 0x87
  case emptyDict = 0x7d, dict = 0x64, setItem = 0x73, setItems = 0x75
  case emptySet = 0x8f, addItems = 0x90, frozenSet = 0x91
  case binGet = 0x68, longBinGet = 0x6a, binPut = 0x71, longBinPut = 0x72, memoize = 0x94
  case global = 0x63, stackGlobal = 0x93, reduce = 0x52, build = 0x62, newObj = 0x81, binPersId = 0x51
  // Known to Python, and never needed for tensors.
  case int = 0x49, long = 0x4c, float = 0x46, string = 0x53, unicode = 0x56, get = 0x67, put = 0x70
  case persId = 0x50, inst = 0x69, obj = 0x6f, newObjEx = 0x92, ext1 = 0x82, ext2 = 0x83, ext4 = 0x84
  case nextBuffer = 0x97, readOnlyBuffer = 0x98

  /// Bytes of the length that comes before data; nil where none does.
  var lengthWidth: Int? {
    switch self {
    case .shortBinUnicode, .shortBinString, .shortBinBytes, .long1: 1
    case .binUnicode, .binString, .binBytes, .long4: 4
    case .binUnicode8, .binBytes8, .byteArray8: 8
    default: nil
    }
  }
}
