# ---
# crmlab:
#   number: "03"
#   name: serve
#   minutes: 60
#   title:
#     zh: 任务三：个性化服务
#     en: "Task three: personalised service"
#   questions:
#     zh:
#       - 每一组客户需要什么？
#       - 表里的每一格凭什么这样写？
#       - 没有同意的客户怎么办？
#     en:
#       - What does each group of customers need?
#       - On what does each cell of the table rest?
#       - What about customers who did not agree?
#   objectives:
#     zh:
#       - 从评价、聊天和回访里找出需求，并引用原文
#       - 做出顾客、特征、服务三列的表，每一格都有依据
#       - 只为同意的人做个性化服务，其他人得到同样好的标准服务
#     en:
#       - find needs in reviews, chats and follow-up notes, and cite the words
#       - make the table of customer, features and service, with a reason for each cell
#       - personalise only for those who agreed, and give all others the same standard service
#   key_points:
#     zh:
#       - 需求要引用原文；找不到就留空，不要编。
#       - 没有同意的客户得到标准服务，不是没有服务。
#       - 谁要投诉，都能找到真人处理。
#       - 先想好怎样检验，再去做。
#     en:
#       - A need cites the words it rests on; where there are none, the cell stays empty.
#       - A customer who did not agree gets the standard service, not no service.
#       - Everybody with a complaint can reach a real person.
#       - Think about how to test it before you do it.
# ---

# %% [markdown] lang="zh"
# ## 先问一个问题
#
# 你有八组客户，却只有一天：618 这天，你为每一组做一件事。
#
# 给所有人发同一张优惠券，最省事。**它对谁有用，对谁没用？**

# %% [markdown] lang="en"
# ## A question first
#
# You have eight groups of customers and only one day: at the 618 festival you do one thing for each group.
#
# The same coupon for everybody is the least work. **For whom is it useful, and for whom not?**

# %% [markdown] lang="zh"
# 参数和准备。

# %% [markdown] lang="en"
# Parameters and preparation.

# %% tags=["parameters"]
lang = "zh"
data = "teaching"
as_of = ""
window = 365
tables = ""

# %% tags=["setup"]
from crmlab import check_settings, open_data, show, type_customers, word
from crmlab.collect import with_consent
from crmlab.serve import find_needs, make_plan, usual_categories

settings = check_settings(lang=lang, data=data, as_of=as_of, window=window, tables=tables)
shop = open_data(settings)
show.theme()

# %% [markdown] lang="zh"
# ## 从上一课接着走
#
# 先给客户分类型，和任务二一样。

# %% [markdown] lang="en"
# ## On from the last lesson
#
# First we type the customers, as in task two.

# %% tags=["nbval-check-output"]
result = type_customers(shop.orders, as_of=shop.as_of, window=window, currency=shop.currency, **shop.columns)
show.table(result.summary(lang), lang, currency=shop.currency)

# %% [markdown] lang="zh"
# ## 四种做法，四条渠道
#
# 服务老客户有四种常用的做法：
#
# 1. **关怀**：生日、节日的问候，不等客户开口。
# 2. **回访**：用过之后怎么样？有什么意见？
# 3. **新品通知**：只告诉感兴趣、也愿意收的人。
# 4. **优惠**：按时发放的优惠券，有预算，有期限。
#
# 渠道也有四条：群消息、站内信、短信、会员折扣。前三条是消息，要先问同意；会员折扣是价格规则，同一层级的人价格必须一样。

# %% [markdown] lang="en"
# ## Four ways, four channels
#
# There are four usual ways to serve customers whom we know:
#
# 1. **Care**: greetings on birthdays and holidays, before the customer asks.
# 2. **Follow-up**: how was it in use? What could be better?
# 3. **New products**: only to those who are interested and want to hear.
# 4. **Offers**: coupons at set times, with a budget and an end date.
#
# There are four channels too: group messages, messages on the site, text messages and a member discount. The first three are messages and need consent; the discount is a price rule, and people of one tier must get the same price.

# %% [markdown] lang="zh"
# ## 他们说了什么
#
# 评价、聊天和回访里有需求。我们用一张词表去找，只留下找到的那几个字，不带走别的内容，因为里面可能有电话和姓名。
#
# 词表很笨：它不懂“不需要礼盒”，也会漏掉没写进去的说法。所以每条都要引用原文，让人可以核对。

# %% [markdown] lang="en"
# ## What they say
#
# Reviews, chats and follow-up notes hold needs. We look for them with a list of words and keep only the words we find, nothing else of the text, for it may hold phone numbers and names.
#
# A list of words is simple-minded: it does not understand "no gift box, please", and it misses what is not on it. So each finding cites the words, and people can check them.

# %% tags=["nbval-check-output"]
texts = with_consent(shop.table("texts"), shop.table("consents"), purpose="analysis", on=shop.as_of).kept
needs = find_needs(texts, lang)
show.table(needs, lang, rows=6)

# %%
counts = needs.groupby("need")["customer_id"].nunique().sort_values(ascending=False)
counts = counts.rename("customers").reset_index()
show.shares(counts, "need", "customers", lang, title=word("title.needs", lang))

# %% [markdown] lang="zh"
# ## 他们常买什么
#
# 这里数全部历史里的有效订单，不只是窗口里的。哪个品类出现在最多的订单里，就记哪个。
#
# 至少有 3 笔订单，才谈得上“常买”。少于 3 笔就是未知，留空。

# %% [markdown] lang="en"
# ## What they usually buy
#
# Here we count valid orders in all of history, not only in the window. The category that is in most of them is the one we note.
#
# Only with 3 orders or more can we speak of "usually". With fewer than 3 it is unknown and stays empty.

# %%
usual = usual_categories(shop.orders)
favourites = usual["category"].value_counts().rename_axis("category").reset_index(name="customers").head(10)
show.shares(favourites, "category", "customers", lang, title=word("title.favourites", lang))

# %% [markdown] lang="zh"
# ## 谁同意了个性化
#
# 按特征服务，就是在给人画像。只有同意 `"profiling"` 的客户才进入个性化的表。其他人得到标准服务，商品目录人人相同。

# %% [markdown] lang="en"
# ## Who agreed to be profiled
#
# To serve by features is to profile people. Only customers who agreed to `"profiling"` enter the personalised table. All others get the standard service with the same catalogue for everybody.

# %% tags=["nbval-check-output"]
typed = result.table.rename(columns={shop.columns["customer"]: "customer_id"})
allowed = with_consent(typed, shop.table("consents"), purpose="profiling", on=shop.as_of)
show.text(allowed.balance(lang))

# %% [markdown] lang="zh"
# ## 个性化服务表
#
# 三列：谁，有什么特征，怎样服务。
#
# 这张表是打算。真要发消息或优惠券，还要核对用途 `"marketing"` 的同意。

# %% [markdown] lang="en"
# ## The table of personalised service
#
# Three columns: who, with which features, and how we serve them.
#
# This table is a plan. Before a message or a coupon goes out, consent for the purpose `"marketing"` is checked as well.

# %% tags=["nbval-check-output"]
plan = make_plan(result, agreed=set(allowed.kept["customer_id"]), usual=usual, needs=needs, lang=lang)
show.table(plan.table, lang)

# %% [markdown] lang="zh"
# 每一格都有依据。下面是表里前几条特征：哪条规则，凭什么。

# %% [markdown] lang="en"
# Each cell has a reason. These are the first features of the table: which rule, and what it rests on.

# %%
show.table(plan.evidence[["customer_id", "rule", "feature", "evidence"]], lang, rows=8)

# %% [markdown] lang="zh"
# ## 三种对待低价值客户的办法
#
# R↑F↓M↓ 的客户，书上的说法不一样：有的说不必再维系，有的说用优惠激活，有的说给自助服务。
#
# 我们的表用自助服务，不把任何人自动排除。**你会选哪一种？** 先说出你会怎样检验它：留一部分人不做，过一个月再比。

# %% [markdown] lang="en"
# ## Three ways to treat customers of low value
#
# On customers in R↑F↓M↓ the books differ: some say the relation need not be kept, some would activate them with offers, some give them self-service.
#
# Our table gives self-service and excludes nobody automatically. **Which one would you choose?** Say first how you would test it: leave some people out, and compare after a month.

# %% [markdown] lang="zh"
# 把表存成文件，表格软件可以直接打开。参数 `tables` 留空就不写。

# %% [markdown] lang="en"
# We keep the tables as files that a spreadsheet opens. With the parameter `tables` left empty nothing is written.

# %%
show.save(plan.table, settings.tables, "plan.csv", lang)
show.save(plan.evidence, settings.tables, "plan_evidence.csv", lang)

# %% [markdown] lang="zh"
# ## 小结和作业
#
# 同意画像的客户，每人一行特征和服务，每条特征都有依据。其他人的那一行是标准服务。
#
# **作业**：从表里挑一位客户，写一条 618 的短信。要有称呼、理由、店名和退订的办法，不要超过 70 个字。

# %% [markdown] lang="en"
# ## Summary and homework
#
# Each customer who agreed to profiling has a row of features and services, and each feature has its evidence. For all others the row is the standard service.
#
# **Homework**: choose a customer from the table and write a text message for 618. It needs a form of address, a reason, the name of the shop and a way to opt out, in no more than 70 characters.

# %% exercise="setup"
from crmlab.course.practice import practice

answer, check = practice("03_serve", shop, settings)
result = type_customers(shop.orders, as_of=shop.as_of, window=window, currency=shop.currency, **shop.columns)

# %% [markdown] lang="zh" question="q1"
# ## q1
#
# 窗口里有购买的客户（`result.table`）里，有多少位既同意了用途 `"profiling"`，又同意了 `"marketing"`？

# %% [markdown] lang="en" question="q1"
# ## q1
#
# Among the customers with a purchase in the window (`result.table`), how many agreed both to the purpose `"profiling"` and to `"marketing"`?

# %% solution="q1"
known = result.table.rename(columns={shop.columns["customer"]: "customer_id"})
ledger = shop.table("consents")
profiled = with_consent(known, ledger, purpose="profiling", on=shop.as_of).kept
answer("q1", len(with_consent(profiled, ledger, purpose="marketing", on=shop.as_of).kept))

# %% [markdown] lang="zh" question="q2"
# ## q2
#
# 同意做分析（用途 `"analysis"`）的客户里，有多少位提到了至少 2 种不同的需求？

# %% [markdown] lang="en" question="q2"
# ## q2
#
# Among the customers who agreed to analysis (purpose `"analysis"`), how many named at least 2 different needs?

# %% solution="q2"
words = with_consent(shop.table("texts"), shop.table("consents"), purpose="analysis", on=shop.as_of).kept
kinds = find_needs(words, lang).groupby("customer_id")["need"].nunique()
answer("q2", int((kinds >= 2).sum()))
