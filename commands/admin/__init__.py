"""What operators ask: is the hall well?"""
