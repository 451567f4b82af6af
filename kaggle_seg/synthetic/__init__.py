"""Drawn aerial scenes with exact masks; the command is `demo`.

buildings     Draws buildings as seen from above, with their shadows, onto the layers of a scene
demo_tiles    Demo tiles: generated scenes, cut into tiles and stored as the competition's description lays them out
scenery       Draws aerial scenes: land of several kinds, streets, buildings on their lots, yards, fields, trees and
              water
"""
