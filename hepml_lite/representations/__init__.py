"""One jet, many views: observables, image, sequence, set, graph, Lund plane, four-vectors.

Every view reads `Jets`. Two of them need no module: the *set* is `Jets.relative()` with
`Jets.mask`, the *four-vectors* are `Jets.four_vectors()`. The transformations of
`hepml_lite.jet_physics.variations.transformations` show which information each view keeps.
"""
