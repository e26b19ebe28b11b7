"""The quickest way to use a model on this computer: found once by measuring, checked, remembered.

`candidates` are the ways there are; `search` measures them and holds them against torch; `remembered` keeps what was found;
`standing` lets the chosen one stand in for a network's layers; `background` looks for it while nobody waits.
"""
