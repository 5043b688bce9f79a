"""What all families of neural networks share: the plan of a fit, the fit, and the fitted network.

A family says what it is made of (`NetworkPlan`); one function trains any plan on the loop; one class
holds any fitted network. `prove` works on the same plans.
"""
