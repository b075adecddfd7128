import IRLASGraph

/// What Q-learning takes for the state of a walk through a space, as a hash, decision by decision.
///
/// A *layer* is what the text grows: decisions whose names agree up to their last index, such as `Net.h[3]` and
/// `Net.h[3].conv.kernel`. Numbers in brackets aside, the name of a decision says what it is about.
struct StateEncoder: Sendable {
  /// Where a decision is made.
  struct State {
    /// What the value of an option depends on.
    let key: UInt64
    /// The decision's name without indices.
    let subject: UInt64
    /// The decision's name.
    let place: UInt64
    /// The decision made before, by subject and option.
    let before: UInt64
    /// The decisions of the layer before.
    let layer: UInt64
  }

  private let kind: SearchPlan.Agent.QState
  private var prefix: UInt64 = 0
  private var before: UInt64 = 0
  private var layer: UInt64 = 0
  private var current: UInt64 = 0
  private var currentName: Substring.UTF8View = Substring().utf8

  /// The root, for one kind of state.
  init(_ kind: SearchPlan.Agent.QState) { self.kind = kind }

  /// The state in which the decision `name` comes up.
  mutating func state(at name: String) -> State {
    let bytes = name.utf8
    let end = bytes.lastIndex(of: UInt8(ascii: "]")).map { bytes.index(after: $0) } ?? bytes.startIndex
    let layerName = bytes[..<end]
    if !layerName.elementsEqual(currentName) {
      layer = current
      current = 0
      currentName = layerName
    }
    let (place, subject) = Self.hashes(of: bytes)
    let key =
      switch kind {
      case .lastLayer: StableHash.mix(StableHash.mix(place, current), layer)
      case .prefix, .linear: prefix
      }
    return State(key: key, subject: subject, place: place, before: before, layer: layer)
  }

  /// Goes on from `state` by an option.
  mutating func take(_ option: Int, at state: State) {
    before = StableHash.mix(state.subject, UInt64(option))
    current = StableHash.mix(current, before)
    prefix = StableHash.mix(prefix, UInt64(option) + 1)
  }

  /// The hashes of a name, with and without the numbers in brackets.
  private static func hashes(of name: String.UTF8View) -> (place: UInt64, subject: UInt64) {
    var place: UInt64 = 0xCBF2_9CE4_8422_2325
    var subject = place
    var isIndex = false
    for byte in name {
      // FNV-1a (Fowler, Noll and Vo), finished by a mixer.
      place = (place ^ UInt64(byte)) &* 0x100_0000_01B3
      if byte == UInt8(ascii: "]") { isIndex = false }
      if !isIndex { subject = (subject ^ UInt64(byte)) &* 0x100_0000_01B3 }
      if byte == UInt8(ascii: "[") { isIndex = true }
    }
    return (StableHash.mix(place), StableHash.mix(subject))
  }
}
