"""What operators ask when something is wrong: what is it, and what helps?"""
